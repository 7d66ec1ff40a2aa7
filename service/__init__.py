"""How the world talks to customer groups: settings, credentials, HTTP and the command line."""
