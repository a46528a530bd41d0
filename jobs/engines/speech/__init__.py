"""Text into sound: plan what is read, make it breath by breath, encode it as it comes.

engine = Bilingual()              # port.py, bilingual.py: openjtalk.py and hibari.py, by languages.py
script = engine.plan("-3℃です。寒いね。", voice="mei_normal")   # reading/
encoder = open_encoder("opus", credit=...)            # encoding.py, opus.py
for part in engine.synthesize(script):                # the first is ready before the second is made
    send(encoder.feed(part))
send(encoder.finish())
"""
