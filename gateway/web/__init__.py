"""The staff web: design, words in three languages, forms and pages; it calls services and renders what they return."""
