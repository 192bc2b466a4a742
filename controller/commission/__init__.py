"""Commissioning: each channel pulsed, what doors and sensors did about it, and what follows for the bank's file."""
