"""Reports: figures of a site, an organisation or the network, each with its dates, its cohort and its definitions."""
