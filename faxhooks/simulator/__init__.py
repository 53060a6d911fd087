"""Genuine signed callbacks for people and for tests."""
