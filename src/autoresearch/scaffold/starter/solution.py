"""A small text compressor: repeats become references back to where they stood before. Everything here may change."""

# The comments tell the offline tuner which values to try.
WINDOW_BITS = 7  # tune: 5..16
LENGTH_BITS = 3  # tune: 2..8
MIN_MATCH = 2  # tune: 2..8
LAZY = False  # tune: True|False


def compress(data: bytes) -> bytes:
    """One bit says what follows: 0 a plain byte, 1 a reference (how far back, how long)."""
    bits = [f"{len(data):032b}"]
    at = 0
    while at < len(data):
        distance, length = longest_match(data, at)
        if LAZY and length and longest_match(data, at + 1)[1] > length:
            length = 0
        if length:
            bits.append(f"1{distance - 1:0{WINDOW_BITS}b}{length - MIN_MATCH:0{LENGTH_BITS}b}")
            at += length
        else:
            bits.append(f"0{data[at]:08b}")
            at += 1
    text = "".join(bits)
    text += "0" * (-len(text) % 8)
    return int(text, 2).to_bytes(len(text) // 8, "big")


def longest_match(data: bytes, at: int) -> tuple[int, int]:
    """How far back the longest repeat of what stands at `at` begins, and its length; (0, 0) when there is none."""
    start = max(0, at - 2**WINDOW_BITS)
    longest = min(MIN_MATCH + 2**LENGTH_BITS - 1, len(data) - at)
    found, length = -1, MIN_MATCH
    while length <= longest and (earlier := data.rfind(data[at : at + length], start, at + length - 1)) >= 0:
        found, length = earlier, length + 1
    return (at - found, length - 1) if found >= 0 else (0, 0)


def decompress(packed: bytes) -> bytes:
    """What `compress` was given."""
    text = f"{int.from_bytes(packed, 'big'):0{len(packed) * 8}b}"
    size = int(text[:32], 2)
    data = bytearray()
    at = 32
    while len(data) < size:
        if text[at] == "0":
            data.append(int(text[at + 1 : at + 9], 2))
            at += 9
            continue
        middle, end = at + 1 + WINDOW_BITS, at + 1 + WINDOW_BITS + LENGTH_BITS
        distance, length = int(text[at + 1 : middle], 2) + 1, int(text[middle:end], 2) + MIN_MATCH
        for _ in range(length):
            data.append(data[-distance])
        at = end
    return bytes(data)
