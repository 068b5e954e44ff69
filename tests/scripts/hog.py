"""Takes all memory it can get."""

held = []
while True:
    held.append(bytearray(b"x") * (16 << 20))
