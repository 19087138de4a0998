"""The service under the load of a call centre: how it is asked, and how it answers."""
