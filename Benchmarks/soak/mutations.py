"""STEP files with something wrong in them; the same generator gives the same file."""

import re

ENTITY = re.compile(rb"#(\d+)\s*=\s*([^;]*);")
REFERENCE = re.compile(rb"#\d+")
NUMBER = re.compile(rb"(?<=[(,])\s*[-+]?\d+\.\d*(?:E[-+]?\d+)?", re.IGNORECASE)
KEYWORD = re.compile(rb"(?<![A-Z0-9_'])[A-Z][A-Z0-9_]{3,}(?=\s*\()")
ENUMERATION = re.compile(rb"\.[A-Z_]+\.")
STRING = re.compile(rb"'[^']*'")
TOKENS = [b"#", b"(", b")", b",", b"'", b"*", b"$", b";", b".", b"=", b"&", b"!", b"/*", b"*/", b"\\", b"\0", b"\n", b"\xff",
          b"E", b"-", b"\"", b"ENDSEC;", b"DATA;", b"END-ISO-10303-21;", b"ISO-10303-21;"]
NUMBERS = [b"0.", b"-0.", b"-1.", b"1.", b"1.E-300", b"1.E99", b"-1.E99", b"1.E9", b"1.E400", b"1.E-7", b"123456789.", b"NAN",
           b"INF", b"$", b"*", b"''", b"1", b".T.", b"9" * 400, b"1.7976931348623157E308", b"0.000001", b"-1.E30"]
STRINGS = [b"''", b"'\\X2\\D800\\X0\\'", b"'\\X2\\00E4'", b"'\\X4\\0010FFFF\\X0\\'", b"'\\X\\'", b"'\\S\\'", b"'\xff\xfe\x80'",
           b"'" + b"x" * 70000 + b"'", b"'../../etc/passwd'", b"'a\nb'", b"'\0'", b"'%s%n'", b"'''", b"$"]


def mutate(text, choice):
    """Returns a mutant and the names of what was done to it, one to four things."""
    done = []
    for _ in range(choice.choices([1, 2, 3, 4], [6, 3, 2, 1])[0]):
        kind = choice.choices(KINDS, WEIGHTS)[0]
        text = kind(text, choice)
        done.append(kind.__name__)
    return text, done


def replaced(text, match, new):
    return text[:match.start()] + new + text[match.end():]


def one_of(pattern, text, choice):
    """A random match, or None: searched from a random place, so that it costs little in a long file."""
    start = choice.randrange(max(1, len(text)))
    return pattern.search(text, start) or pattern.search(text)


def flip_bytes(text, choice):
    data = bytearray(text)
    for _ in range(choice.choice([1, 1, 2, 5, 20])):
        if data:
            data[choice.randrange(len(data))] = choice.randrange(256)
    return bytes(data)


def insert_token(text, choice):
    at = choice.randrange(len(text) + 1)
    return text[:at] + choice.choice(TOKENS) * choice.choice([1, 1, 1, 3]) + text[at:]


def delete_bytes(text, choice):
    at, length = choice.randrange(len(text) + 1), choice.choice([1, 1, 2, 10, 100, 2000])
    return text[:at] + text[at + length:]


def truncate(text, choice):
    return text[:choice.randrange(len(text) + 1)]


def truncate_and_close(text, choice):
    """Cut off behind an entity, then ended in good order: only what is missing is wrong."""
    at = text.find(b";", choice.randrange(len(text) + 1)) + 1
    return text[:at] + b"\nENDSEC;\nEND-ISO-10303-21;\n"


def change_number(text, choice):
    match = one_of(NUMBER, text, choice)
    return replaced(text, match, choice.choice(NUMBERS)) if match else text


def scale_number(text, choice):
    match = one_of(NUMBER, text, choice)
    if not match:
        return text
    value = float(match.group()) * choice.choice([-1, 0.5, 0.999, 1.001, 2, 10, 1000, 1e6, -1e-3])
    return replaced(text, match, repr(value).replace("e", "E").encode())


def change_many_numbers(text, choice):
    factor = choice.choice([-1, 1e-6, 1e6, 1.0001])
    share = choice.choice([0.01, 0.1, 1])

    def change(match):
        if choice.random() > share:
            return match.group()
        return repr(float(match.group()) * factor).replace("e", "E").encode()

    return NUMBER.sub(change, text)


def change_reference(text, choice):
    match, other = one_of(REFERENCE, text, choice), one_of(REFERENCE, text, choice)
    if not match:
        return text
    return replaced(text, match, choice.choice([other.group()] * 5 + [b"#0", b"#999999999", b"#99999999999999999999", b"$", b"*"]))


def refer_to_itself(text, choice):
    match = one_of(ENTITY, text, choice)
    inner = match and REFERENCE.search(text, match.start(2), match.end(2))
    return replaced(text, inner, b"#" + match.group(1)) if inner else text


def delete_entity(text, choice):
    match = one_of(ENTITY, text, choice)
    return replaced(text, match, b"") if match else text


def duplicate_entity(text, choice):
    match = one_of(ENTITY, text, choice)
    return replaced(text, match, match.group() + b"\n" + match.group()) if match else text


def renumber_entity(text, choice):
    match, other = one_of(ENTITY, text, choice), one_of(ENTITY, text, choice)
    if not match:
        return text
    number = choice.choice([other.group(1), b"0", b"2147483648", b"-1", b"007"])
    return text[:match.start(1)] + number + text[match.end(1):]


def move_entity_over(text, choice):
    """One entity's content under another's number."""
    match, other = one_of(ENTITY, text, choice), one_of(ENTITY, text, choice)
    return text[:match.start(2)] + other.group(2) + text[match.end(2):] if match else text


def change_keyword(text, choice):
    match, other = one_of(KEYWORD, text, choice), one_of(KEYWORD, text, choice)
    return replaced(text, match, choice.choice([other.group(), other.group(), b"NO_SUCH_ENTITY"])) if match else text


def change_enumeration(text, choice):
    match = one_of(ENUMERATION, text, choice)
    return replaced(text, match, choice.choice([b".T.", b".F.", b".U.", b".MILLI.", b".KILO.", b".NO_SUCH.", b"$"])) if match else text


def change_string(text, choice):
    match = one_of(STRING, text, choice)
    return replaced(text, match, choice.choice(STRINGS)) if match else text


def change_arguments(text, choice):
    """One argument more, or one less."""
    at = text.find(b",", choice.randrange(len(text) + 1))
    if at < 0:
        return text
    if choice.random() < 0.5:
        return text[:at] + choice.choice([b",$", b",*", b",()", b",#1", b",0."]) + text[at:]
    end = text.find(b",", at + 1)
    return text[:at] + text[end:] if end > 0 else text


def empty_list(text, choice):
    match = one_of(re.compile(rb"\((?:#\d+\s*,?\s*)+\)"), text, choice)
    return replaced(text, match, b"()") if match else text


def repeat_in_list(text, choice):
    match = one_of(re.compile(rb"\((?:#\d+\s*,?\s*)+\)"), text, choice)
    if not match:
        return text
    inner = match.group()[1:-1]
    return replaced(text, match, b"(" + b",".join([inner] * choice.choice([2, 50, 2000])) + b")")


def nest(text, choice):
    at, depth = choice.randrange(len(text) + 1), choice.choice([3, 300, 30000])
    return text[:at] + b"(" * depth + b")" * depth + text[at:]


def splice(text, choice):
    start, at = choice.randrange(len(text) + 1), choice.randrange(len(text) + 1)
    return text[:at] + text[start:start + choice.choice([20, 500, 20000])] + text[at:]


WEIGHTED = [
    (flip_bytes, 4), (insert_token, 4), (delete_bytes, 4), (truncate, 1), (truncate_and_close, 2), (change_number, 6),
    (scale_number, 6), (change_many_numbers, 2), (change_reference, 8), (refer_to_itself, 3), (delete_entity, 4),
    (duplicate_entity, 2), (renumber_entity, 3), (move_entity_over, 4), (change_keyword, 4), (change_enumeration, 4),
    (change_string, 3), (change_arguments, 3), (empty_list, 2), (repeat_in_list, 2), (nest, 1), (splice, 2),
]
KINDS = [kind for kind, _ in WEIGHTED]
WEIGHTS = [weight for _, weight in WEIGHTED]
