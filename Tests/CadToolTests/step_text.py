"""STEP files made by changing the text of another one."""

import re

MILLIMETRE = "( LENGTH_UNIT() NAMED_UNIT(*) SI_UNIT(.MILLI.,.METRE.) )"


def add_entities(text, entities):
    head, tail = text.rsplit("ENDSEC;", 1)
    return head + entities + "\nENDSEC;" + tail


def in_metres(text):
    assert MILLIMETRE in text
    return text.replace(MILLIMETRE, "( LENGTH_UNIT() NAMED_UNIT(*) SI_UNIT($,.METRE.) )")


def in_inches(text):
    assert MILLIMETRE in text
    text = text.replace(
        MILLIMETRE, "( CONVERSION_BASED_UNIT('INCH',#900001) LENGTH_UNIT() NAMED_UNIT(#900002) )")
    return add_entities(
        text,
        "#900001 = LENGTH_MEASURE_WITH_UNIT(LENGTH_MEASURE(25.4),#900003);\n"
        "#900002 = DIMENSIONAL_EXPONENTS(1.,0.,0.,0.,0.,0.,0.);\n"
        f"#900003 = {MILLIMETRE};")


def without_units(text):
    return re.sub(r"\( GEOMETRIC_REPRESENTATION_CONTEXT\(3\).*?\) \);",
                  "GEOMETRIC_REPRESENTATION_CONTEXT('','3D',3);", text, flags=re.S)


def empty_step(data=""):
    return ("ISO-10303-21;\nHEADER;\nFILE_DESCRIPTION((''),'2;1');\n"
            "FILE_NAME('x','2026-01-01T00:00:00',(''),(''),'','','');\n"
            "FILE_SCHEMA(('AUTOMOTIVE_DESIGN { 1 0 10303 214 1 1 1 1 }'));\nENDSEC;\nDATA;\n"
            f"{data}\nENDSEC;\nEND-ISO-10303-21;\n")


def entity_id(text, pattern):
    """The number of the first entity whose text matches."""
    found = re.search(r"#(\d+)\s*=\s*" + pattern, text)
    assert found, pattern
    return int(found.group(1))


def product_definition_of(text, product):
    """The PRODUCT_DEFINITION of the product with this name."""
    number = entity_id(text, r"PRODUCT\('" + re.escape(product) + "'")
    formation = entity_id(text, r"PRODUCT_DEFINITION_FORMATION\('[^']*','[^']*',#%d\)" % number)
    return entity_id(text, r"PRODUCT_DEFINITION\('[^']*','[^']*',#%d," % formation)


def usages(pairs):
    """NEXT_ASSEMBLY_USAGE_OCCURRENCE entities from (parent, child) definitions."""
    return "\n".join(
        f"#{950000 + i} = NEXT_ASSEMBLY_USAGE_OCCURRENCE('{i}','','',#{parent},#{child},$);"
        for i, (parent, child) in enumerate(pairs))


def doubling_assembly(levels):
    """A few lines that unfold to 2 ** levels parts."""
    lines = ["#1 = APPLICATION_CONTEXT('');", "#2 = PRODUCT_CONTEXT('',#1,'mechanical');",
             "#3 = PRODUCT_DEFINITION_CONTEXT('part definition',#1,'design');"]
    for level in range(levels + 1):
        n = 100 + 10 * level
        lines += [f"#{n} = PRODUCT('P{level}','P{level}','',(#2));",
                  f"#{n + 1} = PRODUCT_DEFINITION_FORMATION('','',#{n});",
                  f"#{n + 2} = PRODUCT_DEFINITION('design','',#{n + 1},#3);"]
    pairs = [(102 + 10 * level, 112 + 10 * level) for level in range(levels) for _ in range(2)]
    return empty_step("\n".join(lines) + "\n" + usages(pairs))
