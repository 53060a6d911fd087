"""Other receivers with the service's duties, as their communities would write them."""
