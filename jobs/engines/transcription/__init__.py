"""A recording into text: what was said, in which language, when.

engine = Whisper("base", folder=..., threads=2)        # port.py, whisper.py; base_model.py holds the packaged model
heard = engine.transcribe(Recording(file, kind, ...), language=None)   # recording.py
"""
