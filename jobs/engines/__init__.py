"""What computes or calls out: speech, transcription, pictures, weather.

Plain Python: no Django, no settings, no queue. Each room holds a port (a Protocol
in our words) and its providers; a caller hands in values and gets values, or one
of the errors in errors.py.
"""
