"""The commands: each reads its arguments, asks the portal, and prints."""
