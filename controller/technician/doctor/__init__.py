"""`casier-controller doctor`: one module for each kind of thing that is looked at; findings.py is what they answer."""
