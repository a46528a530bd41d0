"""What runs in production: image, compose, Kubernetes, systemd, and what all of it is made of."""
