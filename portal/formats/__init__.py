"""How the admin writes and reads dates: by language, as Django looks for them."""
