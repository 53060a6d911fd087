"""Faults, and the proofs that faxhooks keeps its promises through them."""
