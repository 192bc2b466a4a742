"""Belongings that staff took out of a locker and keep for their owner; when a locker may be given again."""
