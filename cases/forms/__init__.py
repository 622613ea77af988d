"""What people type, checked for its form; the rules of the clinic are the services'."""
