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


def with_validation_properties(text, product, volume=None, centroid=None):
    """Declares a volume (in the file's own unit) and a centroid of a product, as CAD systems do."""
    definition = product_definition_of(text, product)
    shape = entity_id(text, rf"PRODUCT_DEFINITION_SHAPE\('','',#{definition}\)")
    length = entity_id(text, r"\( [^;]*LENGTH_UNIT\(\) NAMED_UNIT")
    context = entity_id(text, r"\( GEOMETRIC_REPRESENTATION_CONTEXT")
    entities = ""
    if volume is not None:
        entities += f"""
#900010 = PROPERTY_DEFINITION('geometric validation property','volume',#{shape});
#900011 = PROPERTY_DEFINITION_REPRESENTATION(#900010,#900012);
#900012 = REPRESENTATION('volume',(#900013),#{context});
#900013 = MEASURE_REPRESENTATION_ITEM('volume measure',VOLUME_MEASURE({float(volume)}),#900014);
#900014 = DERIVED_UNIT((#900015));
#900015 = DERIVED_UNIT_ELEMENT(#{length},3.);"""
    if centroid is not None:
        entities += f"""
#900020 = PROPERTY_DEFINITION('geometric validation property','centroid',#{shape});
#900021 = PROPERTY_DEFINITION_REPRESENTATION(#900020,#900022);
#900022 = REPRESENTATION('centroid',(#900023),#{context});
#900023 = CARTESIAN_POINT('centre point',({",".join(str(float(c)) for c in centroid)}));"""
    return add_entities(text, entities)


def with_open_shell(text):
    """The first solid as a surface model."""
    start = "SHELL_BASED_SURFACE_MODEL('',("
    text = text.replace("MANIFOLD_SOLID_BREP('',", start, 1)
    end = text.index(")", text.index(start) + len(start))
    return text[:end] + ")" + text[end:]


def with_tilted_outer_ring(text):
    """The outer ring turned by 30 degrees out of the others' plane."""
    usage = text.index("NEXT_ASSEMBLY_USAGE_OCCURRENCE('2','Outer ring'")
    placement = re.findall(r"ITEM_DEFINED_TRANSFORMATION\('','',#\d+,#(\d+)\)", text[:usage])[-1]
    axis, across = re.search(rf"#{placement} = AXIS2_PLACEMENT_?3D\('',#\d+,#(\d+),#(\d+)\)", text).groups()
    for number, direction in ((axis, "0.5,0.,0.866025403784"), (across, "0.866025403784,0.,-0.5")):
        text = re.sub(rf"#{number} = DIRECTION\('',\([^)]*\)\)", f"#{number} = DIRECTION('',({direction}))", text)
    return text


def with_wide_outer_cylinder(text):
    """The outer cylinder 20 % too wide for its own edges."""
    wide = re.sub(r"(CYLINDRICAL_SURFACE\('',#\d+),23\.5\)", r"\1,28.2)", text, count=1)
    assert wide != text
    return wide
