-- A database as the third schema left it: one of the second schema, migrated, with a derivation that is being made, a job
-- that waits to take it over, and a tenant with a quota. Never changed: the migrations from here on are tested with it.
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE database_identity (
  -- Tells apart two databases on one machine: a part of the marker that tool processes carry.
  id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 16)
) STRICT, WITHOUT ROWID;
INSERT INTO database_identity VALUES('a0cf9e7fd70d2017');
CREATE TABLE tenants (
  name TEXT NOT NULL PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 100),
  created_at INTEGER NOT NULL DEFAULT (CAST(round((julianday('now') - 2440587.5) * 86400000.0) AS INTEGER))
, max_artifact_bytes INTEGER CHECK (max_artifact_bytes > 0), artifact_bytes INTEGER NOT NULL DEFAULT 0 CHECK (artifact_bytes >= 0)) STRICT, WITHOUT ROWID;
INSERT INTO tenants VALUES('acme',1750000000000,1000000,0);
INSERT INTO tenants VALUES('default',1795269068120,NULL,12);
CREATE TABLE steps (
  name TEXT NOT NULL PRIMARY KEY,
  version INTEGER NOT NULL CHECK (version >= 1),
  queue TEXT NOT NULL CHECK (length(queue) BETWEEN 1 AND 100),
  summary TEXT NOT NULL,
  -- JSON Schema; the insert trigger understands additionalProperties, required, and of properties the type, minimum,
  -- maximum and enum.
  parameter_schema TEXT NOT NULL CHECK (json_valid(parameter_schema)),
  -- How many parameters are required; kept by a trigger.
  required_parameters INTEGER NOT NULL DEFAULT 0,
  dedup TEXT NOT NULL CHECK (dedup IN ('parameters', 'none')),
  max_attempts INTEGER NOT NULL CHECK (max_attempts BETWEEN 1 AND 100),
  max_crashes INTEGER NOT NULL CHECK (max_crashes BETWEEN 1 AND 100),
  -- The capabilities it requires: a JSON array of tool names.
  tools TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(tools)),
  updated_at INTEGER NOT NULL DEFAULT (CAST(round((julianday('now') - 2440587.5) * 86400000.0) AS INTEGER))
) STRICT, WITHOUT ROWID;
INSERT INTO steps VALUES('deliver',1,'default','Puts the artifacts of the jobs that it waits for into a directory, under names made by a template.','{"additionalProperties":false,"properties":{"directory":{"description":"Where to: under one of the directories that deliver.roots names; a relative path starts at the first.","type":"string"},"manifest":{"default":"delivery.json","description":"The name of the list of all files, which is written last into the deepest directory that they share; a template too.","type":"string"},"roles":{"description":"Only artifacts of these roles; default: all.","items":{"type":"string"},"maxItems":50,"minItems":1,"type":"array","uniqueItems":true},"template":{"default":"{source}/{name}","description":"Where each file goes in it; stepworks artifacts export --help lists the variables.","type":"string"}},"required":["directory"],"type":"object"}',1,'none',3,2,'[]',1795288852856);
INSERT INTO steps VALUES('export_blend',1,'render','Packs a GLB or STEP file with materials, light and camera into one .blend file.','{"additionalProperties":false,"properties":{"angle":{"default":"three_quarter_45deg","description":"Where the camera stands.","enum":["front_0deg","right_90deg","back_180deg","left_270deg","top_90deg","three_quarter_45deg"],"type":"string"},"azimuth_degrees":{"description":"Where the camera stands around the part: 0 in front, 90 at its right; overrides the angle.","maximum":360,"minimum":-360,"type":"number"},"background":{"default":"transparent","description":"transparent; pure white; or what the template shows.","enum":["transparent","white","template"],"type":"string"},"cycles_device":{"description":"What Cycles runs on; default: render.cyclesDevice of the configuration.","enum":["gpu","cpu","auto"],"type":"string"},"elevation_degrees":{"description":"How high the camera stands: 90 above; overrides the angle.","maximum":90,"minimum":-90,"type":"number"},"engine":{"default":"cycles","description":"Blender''s render engine; one that cannot run fails the job, it is never swapped.","enum":["cycles","eevee","workbench"],"type":"string"},"faulty_picture":{"default":"fail","description":"What becomes of a picture that is empty, black or cropped.","enum":["fail","warn"],"type":"string"},"height":{"default":1024,"description":"Height in pixels.","maximum":8192,"minimum":16,"type":"integer"},"material_map":{"additionalProperties":{"type":"string"},"description":"Which material of the library a part gets, by the part''s name; with materials=library.","maxProperties":10000,"minProperties":0,"type":"object"},"material_override":{"description":"One material of the library for all parts; with materials=library.","type":"string"},"materials":{"default":"source","description":"source: the colours of the file; library: every part gets a material of the library, found by its name or colour.","enum":["source","library"],"type":"string"},"preset":{"default":"production","description":"How fine the mesh of a STEP file is; a GLB is taken as it is.","enum":["preview","production","hero"],"type":"string"},"samples":{"default":256,"description":"Most samples a pixel takes; clean areas stop earlier.","maximum":4096,"minimum":1,"type":"integer"},"seed":{"default":0,"description":"Of the noise; equal seeds give equal pictures.","maximum":2147483647,"minimum":0,"type":"integer"},"source":{"description":"A GLB or a STEP file (a GLB is then derived first): an absolute path, or one relative to the directory of the database.","type":"string"},"template":{"description":"A .blend file whose camera and light replace the built-in studio: an absolute path, or one relative to the directory of the database.","type":"string"},"template_collection":{"description":"The collection of the template that the model is put into; default: Product, made when it is not there.","type":"string"},"unresolved_material":{"default":"warn","description":"What becomes of a picture with parts in the failed material.","enum":["warn","fail"],"type":"string"},"view_transform":{"default":"khronos_pbr_neutral","description":"How light becomes colour; the neutral one keeps the colours of the product.","enum":["standard","agx","khronos_pbr_neutral"],"type":"string"},"width":{"default":1024,"description":"Width in pixels.","maximum":8192,"minimum":16,"type":"integer"}},"required":["source"],"type":"object"}',1,'parameters',3,2,'["stepworks-render"]',1795288852856);
INSERT INTO steps VALUES('export_glb',3,'cad','Tessellates a STEP file into a GLB: part tree, instances, names and colours kept; metres, +Y up.','{"additionalProperties":false,"properties":{"angle_degrees":{"description":"Largest angle between neighbouring facets in degrees; overrides the preset.","maximum":90,"minimum":1,"type":"number"},"byte_budget":{"description":"Most bytes the file may have; the mesh is made coarser until it holds.","maximum":4294967295,"minimum":1,"type":"integer"},"chord_mm":{"description":"Largest distance between mesh and surface in mm (at most 1/20 of the diagonal); overrides the preset.","maximum":1000,"minimum":0.0001,"type":"number"},"on_deviation":{"default":"warn","description":"What a difference beyond its tolerance between the file''s declared values, its surfaces, the mesh and the GLB does.","enum":["warn","fail"],"type":"string"},"preset":{"default":"production","description":"How fine the mesh is, relative to the size of the model.","enum":["preview","production","hero"],"type":"string"},"source":{"description":"The STEP file: an absolute path, or one relative to the directory of the database.","type":"string"},"triangle_budget":{"description":"Most triangles the scene may draw; the mesh is made coarser until it holds.","maximum":100000000,"minimum":1,"type":"integer"},"variant":{"default":"none","description":"Also a compressed GLB (EXT_meshopt_compression), decoded and compared with the other.","enum":["none","meshopt"],"type":"string"}},"required":["source"],"type":"object"}',1,'parameters',3,2,'["stepworks-cad"]',1795288852856);
INSERT INTO steps VALUES('export_usd',1,'cad','Writes a GLB or STEP file as OpenUSD: part tree, instances, names and colours kept; metres, +Y up.','{"additionalProperties":false,"properties":{"formats":{"default":["usdc"],"description":"usdc: the master; usdz: packed for AR Quick Look; usda: as text.","items":{"enum":["usdc","usdz","usda"],"type":"string"},"maxItems":3,"minItems":1,"type":"array","uniqueItems":true},"on_deviation":{"default":"warn","description":"What a difference between what the GLB and what the USD shows does.","enum":["warn","fail"],"type":"string"},"preset":{"default":"production","description":"How fine the mesh of a STEP file is; a GLB is taken as it is.","enum":["preview","production","hero"],"type":"string"},"source":{"description":"A GLB or a STEP file (a GLB is then derived first): an absolute path, or one relative to the directory of the database.","type":"string"}},"required":["source"],"type":"object"}',1,'parameters',3,2,'["stepworks-usd"]',1795288852856);
INSERT INTO steps VALUES('extract_metadata',1,'cad','Reads a STEP file: header, units, product tree, sizes, colours, properties, as one JSON document.','{"additionalProperties":false,"properties":{"density_kg_m3":{"description":"Density in kg/m³; with it the document also gives masses.","maximum":100000,"minimum":0.001,"type":"number"},"source":{"description":"The STEP file: an absolute path, or one relative to the directory of the database.","type":"string"}},"required":["source"],"type":"object"}',1,'parameters',3,2,'["stepworks-cad"]',1795288852856);
INSERT INTO steps VALUES('ping',1,'default','Returns its parameters; can sleep, report progress, ask for other jobs, fail or crash on request.','{"additionalProperties":true,"properties":{"ask_depth":{"description":"How long the line of pings that ask for others is; 1 when it is not given.","maximum":7,"minimum":1,"type":"integer"},"ask_for":{"description":"Waits for this many other pings first, which do the same as this one.","maximum":100,"minimum":0,"type":"integer"},"crash_signal":{"description":"The process ends by this signal.","enum":["SEGV","ABRT","BUS","FPE","KILL","TERM"],"type":"string"},"daemons":{"description":"The process leaves this many daemons behind, in sessions of their own.","maximum":10,"minimum":0,"type":"integer"},"exit_status":{"description":"The process exits with this status.","maximum":255,"minimum":0,"type":"integer"},"fail":{"description":"Ends with a failure of this class.","enum":["invalid_input","missing_input","tool_failed","tool_crashed","out_of_memory","timed_out","stalled","no_space","invalid_output","dependency_failed","missing_tool","interrupted","cancelled","worker_died"],"type":"string"},"ignore_sigterm":{"description":"The process ignores SIGTERM.","type":"boolean"},"progress_steps":{"description":"How often it reports progress, spread over its run.","maximum":1000,"minimum":0,"type":"integer"},"sleep_seconds":{"description":"How long it runs, in seconds.","maximum":86400,"minimum":0,"type":"number"},"tool":{"description":"Runs in a supervised process, as the real tools do.","type":"boolean"}},"required":[],"type":"object"}',0,'none',3,3,'[]',1795288852856);
INSERT INTO steps VALUES('render_frames',1,'render','Renders some of the frames of a turntable as PNG; render_turntable asks for it.','{"additionalProperties":false,"properties":{"background":{"default":"transparent","description":"transparent; pure white; or what the template shows.","enum":["transparent","white","template"],"type":"string"},"count":{"description":"How many frames; default: all from the first on.","maximum":1440,"minimum":1,"type":"integer"},"cycles_device":{"description":"What Cycles runs on; default: render.cyclesDevice of the configuration.","enum":["gpu","cpu","auto"],"type":"string"},"elevation_degrees":{"default":20,"description":"How high the camera stands.","maximum":90,"minimum":-90,"type":"number"},"engine":{"default":"cycles","description":"Blender''s render engine; one that cannot run fails the job, it is never swapped.","enum":["cycles","eevee","workbench"],"type":"string"},"faulty_picture":{"default":"fail","description":"What becomes of a picture that is empty, black or cropped.","enum":["fail","warn"],"type":"string"},"first":{"default":0,"description":"The first frame, counted from 0.","maximum":1439,"minimum":0,"type":"integer"},"frames":{"default":48,"description":"Pictures of one whole turn.","maximum":1440,"minimum":2,"type":"integer"},"height":{"default":512,"description":"Height in pixels.","maximum":4096,"minimum":16,"type":"integer"},"material_map":{"additionalProperties":{"type":"string"},"description":"Which material of the library a part gets, by the part''s name; with materials=library.","maxProperties":10000,"minProperties":0,"type":"object"},"material_override":{"description":"One material of the library for all parts; with materials=library.","type":"string"},"materials":{"default":"source","description":"source: the colours of the file; library: every part gets a material of the library, found by its name or colour.","enum":["source","library"],"type":"string"},"preset":{"default":"production","description":"How fine the mesh of a STEP file is; a GLB is taken as it is.","enum":["preview","production","hero"],"type":"string"},"samples":{"default":64,"description":"Most samples a pixel takes; clean areas stop earlier.","maximum":4096,"minimum":1,"type":"integer"},"seed":{"default":0,"description":"Of the noise; equal seeds give equal pictures.","maximum":2147483647,"minimum":0,"type":"integer"},"source":{"description":"A GLB or a STEP file (a GLB is then derived first): an absolute path, or one relative to the directory of the database.","type":"string"},"start_degrees":{"default":0,"description":"Where the turn starts.","maximum":360,"minimum":-360,"type":"number"},"template":{"description":"A .blend file whose camera and light replace the built-in studio: an absolute path, or one relative to the directory of the database.","type":"string"},"template_collection":{"description":"The collection of the template that the model is put into; default: Product, made when it is not there.","type":"string"},"tilt_degrees":{"description":"How far the part leans towards the camera at the start; default: 18 for a part that is round from above and would seem to stand still, else 0.","maximum":90,"minimum":0,"type":"number"},"unresolved_material":{"default":"warn","description":"What becomes of a picture with parts in the failed material.","enum":["warn","fail"],"type":"string"},"view_transform":{"default":"khronos_pbr_neutral","description":"How light becomes colour; the neutral one keeps the colours of the product.","enum":["standard","agx","khronos_pbr_neutral"],"type":"string"},"width":{"default":512,"description":"Width in pixels.","maximum":4096,"minimum":16,"type":"integer"}},"required":["source"],"type":"object"}',1,'parameters',3,4,'["stepworks-render"]',1795288852856);
INSERT INTO steps VALUES('render_still',1,'render','Renders pictures of a GLB or STEP file as PNG: any size, one angle or several in one job.','{"additionalProperties":false,"properties":{"angle":{"default":"three_quarter_45deg","description":"Where the camera stands.","enum":["front_0deg","right_90deg","back_180deg","left_270deg","top_90deg","three_quarter_45deg"],"type":"string"},"angles":{"description":"Several angles in one job, a picture each; overrides angle, azimuth_degrees and elevation_degrees.","items":{"enum":["front_0deg","right_90deg","back_180deg","left_270deg","top_90deg","three_quarter_45deg"],"type":"string"},"maxItems":6,"minItems":1,"type":"array","uniqueItems":true},"azimuth_degrees":{"description":"Where the camera stands around the part: 0 in front, 90 at its right; overrides the angle.","maximum":360,"minimum":-360,"type":"number"},"background":{"default":"transparent","description":"transparent; pure white; or what the template shows.","enum":["transparent","white","template"],"type":"string"},"cycles_device":{"description":"What Cycles runs on; default: render.cyclesDevice of the configuration.","enum":["gpu","cpu","auto"],"type":"string"},"elevation_degrees":{"description":"How high the camera stands: 90 above; overrides the angle.","maximum":90,"minimum":-90,"type":"number"},"engine":{"default":"cycles","description":"Blender''s render engine; one that cannot run fails the job, it is never swapped.","enum":["cycles","eevee","workbench"],"type":"string"},"faulty_picture":{"default":"fail","description":"What becomes of a picture that is empty, black or cropped.","enum":["fail","warn"],"type":"string"},"height":{"default":1024,"description":"Height in pixels.","maximum":8192,"minimum":16,"type":"integer"},"material_map":{"additionalProperties":{"type":"string"},"description":"Which material of the library a part gets, by the part''s name; with materials=library.","maxProperties":10000,"minProperties":0,"type":"object"},"material_override":{"description":"One material of the library for all parts; with materials=library.","type":"string"},"materials":{"default":"source","description":"source: the colours of the file; library: every part gets a material of the library, found by its name or colour.","enum":["source","library"],"type":"string"},"preset":{"default":"production","description":"How fine the mesh of a STEP file is; a GLB is taken as it is.","enum":["preview","production","hero"],"type":"string"},"samples":{"default":256,"description":"Most samples a pixel takes; clean areas stop earlier.","maximum":4096,"minimum":1,"type":"integer"},"seed":{"default":0,"description":"Of the noise; equal seeds give equal pictures.","maximum":2147483647,"minimum":0,"type":"integer"},"source":{"description":"A GLB or a STEP file (a GLB is then derived first): an absolute path, or one relative to the directory of the database.","type":"string"},"template":{"description":"A .blend file whose camera and light replace the built-in studio: an absolute path, or one relative to the directory of the database.","type":"string"},"template_collection":{"description":"The collection of the template that the model is put into; default: Product, made when it is not there.","type":"string"},"unresolved_material":{"default":"warn","description":"What becomes of a picture with parts in the failed material.","enum":["warn","fail"],"type":"string"},"view_transform":{"default":"khronos_pbr_neutral","description":"How light becomes colour; the neutral one keeps the colours of the product.","enum":["standard","agx","khronos_pbr_neutral"],"type":"string"},"width":{"default":1024,"description":"Width in pixels.","maximum":8192,"minimum":16,"type":"integer"}},"required":["source"],"type":"object"}',1,'parameters',3,2,'["stepworks-render"]',1795288852856);
INSERT INTO steps VALUES('render_thumbnail',1,'render','Renders one small picture of a GLB or STEP file as PNG.','{"additionalProperties":false,"properties":{"angle":{"default":"three_quarter_45deg","description":"Where the camera stands.","enum":["front_0deg","right_90deg","back_180deg","left_270deg","top_90deg","three_quarter_45deg"],"type":"string"},"azimuth_degrees":{"description":"Where the camera stands around the part: 0 in front, 90 at its right; overrides the angle.","maximum":360,"minimum":-360,"type":"number"},"background":{"default":"transparent","description":"transparent; pure white; or what the template shows.","enum":["transparent","white","template"],"type":"string"},"cycles_device":{"description":"What Cycles runs on; default: render.cyclesDevice of the configuration.","enum":["gpu","cpu","auto"],"type":"string"},"elevation_degrees":{"description":"How high the camera stands: 90 above; overrides the angle.","maximum":90,"minimum":-90,"type":"number"},"engine":{"default":"cycles","description":"Blender''s render engine; one that cannot run fails the job, it is never swapped.","enum":["cycles","eevee","workbench"],"type":"string"},"faulty_picture":{"default":"fail","description":"What becomes of a picture that is empty, black or cropped.","enum":["fail","warn"],"type":"string"},"height":{"default":256,"description":"Height in pixels.","maximum":512,"minimum":16,"type":"integer"},"material_map":{"additionalProperties":{"type":"string"},"description":"Which material of the library a part gets, by the part''s name; with materials=library.","maxProperties":10000,"minProperties":0,"type":"object"},"material_override":{"description":"One material of the library for all parts; with materials=library.","type":"string"},"materials":{"default":"source","description":"source: the colours of the file; library: every part gets a material of the library, found by its name or colour.","enum":["source","library"],"type":"string"},"preset":{"default":"production","description":"How fine the mesh of a STEP file is; a GLB is taken as it is.","enum":["preview","production","hero"],"type":"string"},"samples":{"default":10,"description":"Most samples a pixel takes; clean areas stop earlier.","maximum":4096,"minimum":1,"type":"integer"},"seed":{"default":0,"description":"Of the noise; equal seeds give equal pictures.","maximum":2147483647,"minimum":0,"type":"integer"},"source":{"description":"A GLB or a STEP file (a GLB is then derived first): an absolute path, or one relative to the directory of the database.","type":"string"},"template":{"description":"A .blend file whose camera and light replace the built-in studio: an absolute path, or one relative to the directory of the database.","type":"string"},"template_collection":{"description":"The collection of the template that the model is put into; default: Product, made when it is not there.","type":"string"},"unresolved_material":{"default":"warn","description":"What becomes of a picture with parts in the failed material.","enum":["warn","fail"],"type":"string"},"view_transform":{"default":"khronos_pbr_neutral","description":"How light becomes colour; the neutral one keeps the colours of the product.","enum":["standard","agx","khronos_pbr_neutral"],"type":"string"},"width":{"default":256,"description":"Width in pixels.","maximum":512,"minimum":16,"type":"integer"}},"required":["source"],"type":"object"}',1,'parameters',3,2,'["stepworks-render"]',1795288852856);
INSERT INTO steps VALUES('render_turntable',1,'render','Renders one turn of a GLB or STEP file as MP4, WebM and WebP, with poster and contact sheet.','{"additionalProperties":false,"properties":{"background":{"default":"transparent","description":"transparent; pure white; or what the template shows.","enum":["transparent","white","template"],"type":"string"},"chunk_frames":{"default":0,"description":"Frames that one job renders; 0: an eighth of the turn, at least 6.","maximum":1440,"minimum":0,"type":"integer"},"cycles_device":{"description":"What Cycles runs on; default: render.cyclesDevice of the configuration.","enum":["gpu","cpu","auto"],"type":"string"},"elevation_degrees":{"default":20,"description":"How high the camera stands.","maximum":90,"minimum":-90,"type":"number"},"engine":{"default":"cycles","description":"Blender''s render engine; one that cannot run fails the job, it is never swapped.","enum":["cycles","eevee","workbench"],"type":"string"},"faulty_picture":{"default":"fail","description":"What becomes of a picture that is empty, black or cropped.","enum":["fail","warn"],"type":"string"},"formats":{"default":["mp4","webm","webp"],"description":"mp4: H.264, on white; webm: VP9 and webp: animated WebP, both with alpha.","items":{"enum":["mp4","webm","webp"],"type":"string"},"maxItems":3,"minItems":1,"type":"array","uniqueItems":true},"fps":{"default":24,"description":"Frames a second.","maximum":120,"minimum":1,"type":"integer"},"frames":{"default":48,"description":"Pictures of one whole turn.","maximum":1440,"minimum":2,"type":"integer"},"height":{"default":512,"description":"Height in pixels.","maximum":4096,"minimum":16,"type":"integer"},"material_map":{"additionalProperties":{"type":"string"},"description":"Which material of the library a part gets, by the part''s name; with materials=library.","maxProperties":10000,"minProperties":0,"type":"object"},"material_override":{"description":"One material of the library for all parts; with materials=library.","type":"string"},"materials":{"default":"source","description":"source: the colours of the file; library: every part gets a material of the library, found by its name or colour.","enum":["source","library"],"type":"string"},"preset":{"default":"production","description":"How fine the mesh of a STEP file is; a GLB is taken as it is.","enum":["preview","production","hero"],"type":"string"},"preview":{"default":true,"description":"Whether a coarse turn is made first, to look at while the frames are rendered.","type":"boolean"},"samples":{"default":64,"description":"Most samples a pixel takes; clean areas stop earlier.","maximum":4096,"minimum":1,"type":"integer"},"seed":{"default":0,"description":"Of the noise; equal seeds give equal pictures.","maximum":2147483647,"minimum":0,"type":"integer"},"source":{"description":"A GLB or a STEP file (a GLB is then derived first): an absolute path, or one relative to the directory of the database.","type":"string"},"start_degrees":{"default":0,"description":"Where the turn starts.","maximum":360,"minimum":-360,"type":"number"},"template":{"description":"A .blend file whose camera and light replace the built-in studio: an absolute path, or one relative to the directory of the database.","type":"string"},"template_collection":{"description":"The collection of the template that the model is put into; default: Product, made when it is not there.","type":"string"},"tilt_degrees":{"description":"How far the part leans towards the camera at the start; default: 18 for a part that is round from above and would seem to stand still, else 0.","maximum":90,"minimum":0,"type":"number"},"unresolved_material":{"default":"warn","description":"What becomes of a picture with parts in the failed material.","enum":["warn","fail"],"type":"string"},"view_transform":{"default":"khronos_pbr_neutral","description":"How light becomes colour; the neutral one keeps the colours of the product.","enum":["standard","agx","khronos_pbr_neutral"],"type":"string"},"width":{"default":512,"description":"Width in pixels.","maximum":4096,"minimum":16,"type":"integer"}},"required":["source"],"type":"object"}',1,'parameters',3,2,'["stepworks-render","ffmpeg"]',1795288852856);
CREATE TABLE step_parameters (
  step TEXT NOT NULL REFERENCES steps (name) ON DELETE CASCADE,
  name TEXT NOT NULL,
  is_required INTEGER NOT NULL,
  type TEXT,
  minimum ANY,
  maximum ANY,
  choices TEXT,
  PRIMARY KEY (step, name)
) STRICT, WITHOUT ROWID;
INSERT INTO step_parameters VALUES('deliver','directory',1,'string',NULL,NULL,NULL);
INSERT INTO step_parameters VALUES('deliver','manifest',0,'string',NULL,NULL,NULL);
INSERT INTO step_parameters VALUES('deliver','roles',0,'array',1,50,NULL);
INSERT INTO step_parameters VALUES('deliver','template',0,'string',NULL,NULL,NULL);
INSERT INTO step_parameters VALUES('export_blend','angle',0,'string',NULL,NULL,'["front_0deg","right_90deg","back_180deg","left_270deg","top_90deg","three_quarter_45deg"]');
INSERT INTO step_parameters VALUES('export_blend','azimuth_degrees',0,'number',-360,360,NULL);
INSERT INTO step_parameters VALUES('export_blend','background',0,'string',NULL,NULL,'["transparent","white","template"]');
INSERT INTO step_parameters VALUES('export_blend','cycles_device',0,'string',NULL,NULL,'["gpu","cpu","auto"]');
INSERT INTO step_parameters VALUES('export_blend','elevation_degrees',0,'number',-90,90,NULL);
INSERT INTO step_parameters VALUES('export_blend','engine',0,'string',NULL,NULL,'["cycles","eevee","workbench"]');
INSERT INTO step_parameters VALUES('export_blend','faulty_picture',0,'string',NULL,NULL,'["fail","warn"]');
INSERT INTO step_parameters VALUES('export_blend','height',0,'integer',16,8192,NULL);
INSERT INTO step_parameters VALUES('export_blend','material_map',0,'object',0,10000,NULL);
INSERT INTO step_parameters VALUES('export_blend','material_override',0,'string',NULL,NULL,NULL);
INSERT INTO step_parameters VALUES('export_blend','materials',0,'string',NULL,NULL,'["source","library"]');
INSERT INTO step_parameters VALUES('export_blend','preset',0,'string',NULL,NULL,'["preview","production","hero"]');
INSERT INTO step_parameters VALUES('export_blend','samples',0,'integer',1,4096,NULL);
INSERT INTO step_parameters VALUES('export_blend','seed',0,'integer',0,2147483647,NULL);
INSERT INTO step_parameters VALUES('export_blend','source',1,'string',NULL,NULL,NULL);
INSERT INTO step_parameters VALUES('export_blend','template',0,'string',NULL,NULL,NULL);
INSERT INTO step_parameters VALUES('export_blend','template_collection',0,'string',NULL,NULL,NULL);
INSERT INTO step_parameters VALUES('export_blend','unresolved_material',0,'string',NULL,NULL,'["warn","fail"]');
INSERT INTO step_parameters VALUES('export_blend','view_transform',0,'string',NULL,NULL,'["standard","agx","khronos_pbr_neutral"]');
INSERT INTO step_parameters VALUES('export_blend','width',0,'integer',16,8192,NULL);
INSERT INTO step_parameters VALUES('export_glb','angle_degrees',0,'number',1,90,NULL);
INSERT INTO step_parameters VALUES('export_glb','byte_budget',0,'integer',1,4294967295,NULL);
INSERT INTO step_parameters VALUES('export_glb','chord_mm',0,'number',0.00010000000000000000479,1000,NULL);
INSERT INTO step_parameters VALUES('export_glb','on_deviation',0,'string',NULL,NULL,'["warn","fail"]');
INSERT INTO step_parameters VALUES('export_glb','preset',0,'string',NULL,NULL,'["preview","production","hero"]');
INSERT INTO step_parameters VALUES('export_glb','source',1,'string',NULL,NULL,NULL);
INSERT INTO step_parameters VALUES('export_glb','triangle_budget',0,'integer',1,100000000,NULL);
INSERT INTO step_parameters VALUES('export_glb','variant',0,'string',NULL,NULL,'["none","meshopt"]');
INSERT INTO step_parameters VALUES('export_usd','formats',0,'array',1,3,'["usdc","usdz","usda"]');
INSERT INTO step_parameters VALUES('export_usd','on_deviation',0,'string',NULL,NULL,'["warn","fail"]');
INSERT INTO step_parameters VALUES('export_usd','preset',0,'string',NULL,NULL,'["preview","production","hero"]');
INSERT INTO step_parameters VALUES('export_usd','source',1,'string',NULL,NULL,NULL);
INSERT INTO step_parameters VALUES('extract_metadata','density_kg_m3',0,'number',0.0010000000000000000208,100000,NULL);
INSERT INTO step_parameters VALUES('extract_metadata','source',1,'string',NULL,NULL,NULL);
INSERT INTO step_parameters VALUES('ping','ask_depth',0,'integer',1,7,NULL);
INSERT INTO step_parameters VALUES('ping','ask_for',0,'integer',0,100,NULL);
INSERT INTO step_parameters VALUES('ping','crash_signal',0,'string',NULL,NULL,'["SEGV","ABRT","BUS","FPE","KILL","TERM"]');
INSERT INTO step_parameters VALUES('ping','daemons',0,'integer',0,10,NULL);
INSERT INTO step_parameters VALUES('ping','exit_status',0,'integer',0,255,NULL);
INSERT INTO step_parameters VALUES('ping','fail',0,'string',NULL,NULL,'["invalid_input","missing_input","tool_failed","tool_crashed","out_of_memory","timed_out","stalled","no_space","invalid_output","dependency_failed","missing_tool","interrupted","cancelled","worker_died"]');
INSERT INTO step_parameters VALUES('ping','ignore_sigterm',0,'boolean',NULL,NULL,NULL);
INSERT INTO step_parameters VALUES('ping','progress_steps',0,'integer',0,1000,NULL);
INSERT INTO step_parameters VALUES('ping','sleep_seconds',0,'number',0,86400,NULL);
INSERT INTO step_parameters VALUES('ping','tool',0,'boolean',NULL,NULL,NULL);
INSERT INTO step_parameters VALUES('render_frames','background',0,'string',NULL,NULL,'["transparent","white","template"]');
INSERT INTO step_parameters VALUES('render_frames','count',0,'integer',1,1440,NULL);
INSERT INTO step_parameters VALUES('render_frames','cycles_device',0,'string',NULL,NULL,'["gpu","cpu","auto"]');
INSERT INTO step_parameters VALUES('render_frames','elevation_degrees',0,'number',-90,90,NULL);
INSERT INTO step_parameters VALUES('render_frames','engine',0,'string',NULL,NULL,'["cycles","eevee","workbench"]');
INSERT INTO step_parameters VALUES('render_frames','faulty_picture',0,'string',NULL,NULL,'["fail","warn"]');
INSERT INTO step_parameters VALUES('render_frames','first',0,'integer',0,1439,NULL);
INSERT INTO step_parameters VALUES('render_frames','frames',0,'integer',2,1440,NULL);
INSERT INTO step_parameters VALUES('render_frames','height',0,'integer',16,4096,NULL);
INSERT INTO step_parameters VALUES('render_frames','material_map',0,'object',0,10000,NULL);
INSERT INTO step_parameters VALUES('render_frames','material_override',0,'string',NULL,NULL,NULL);
INSERT INTO step_parameters VALUES('render_frames','materials',0,'string',NULL,NULL,'["source","library"]');
INSERT INTO step_parameters VALUES('render_frames','preset',0,'string',NULL,NULL,'["preview","production","hero"]');
INSERT INTO step_parameters VALUES('render_frames','samples',0,'integer',1,4096,NULL);
INSERT INTO step_parameters VALUES('render_frames','seed',0,'integer',0,2147483647,NULL);
INSERT INTO step_parameters VALUES('render_frames','source',1,'string',NULL,NULL,NULL);
INSERT INTO step_parameters VALUES('render_frames','start_degrees',0,'number',-360,360,NULL);
INSERT INTO step_parameters VALUES('render_frames','template',0,'string',NULL,NULL,NULL);
INSERT INTO step_parameters VALUES('render_frames','template_collection',0,'string',NULL,NULL,NULL);
INSERT INTO step_parameters VALUES('render_frames','tilt_degrees',0,'number',0,90,NULL);
INSERT INTO step_parameters VALUES('render_frames','unresolved_material',0,'string',NULL,NULL,'["warn","fail"]');
INSERT INTO step_parameters VALUES('render_frames','view_transform',0,'string',NULL,NULL,'["standard","agx","khronos_pbr_neutral"]');
INSERT INTO step_parameters VALUES('render_frames','width',0,'integer',16,4096,NULL);
INSERT INTO step_parameters VALUES('render_still','angle',0,'string',NULL,NULL,'["front_0deg","right_90deg","back_180deg","left_270deg","top_90deg","three_quarter_45deg"]');
INSERT INTO step_parameters VALUES('render_still','angles',0,'array',1,6,'["front_0deg","right_90deg","back_180deg","left_270deg","top_90deg","three_quarter_45deg"]');
INSERT INTO step_parameters VALUES('render_still','azimuth_degrees',0,'number',-360,360,NULL);
INSERT INTO step_parameters VALUES('render_still','background',0,'string',NULL,NULL,'["transparent","white","template"]');
INSERT INTO step_parameters VALUES('render_still','cycles_device',0,'string',NULL,NULL,'["gpu","cpu","auto"]');
INSERT INTO step_parameters VALUES('render_still','elevation_degrees',0,'number',-90,90,NULL);
INSERT INTO step_parameters VALUES('render_still','engine',0,'string',NULL,NULL,'["cycles","eevee","workbench"]');
INSERT INTO step_parameters VALUES('render_still','faulty_picture',0,'string',NULL,NULL,'["fail","warn"]');
INSERT INTO step_parameters VALUES('render_still','height',0,'integer',16,8192,NULL);
INSERT INTO step_parameters VALUES('render_still','material_map',0,'object',0,10000,NULL);
INSERT INTO step_parameters VALUES('render_still','material_override',0,'string',NULL,NULL,NULL);
INSERT INTO step_parameters VALUES('render_still','materials',0,'string',NULL,NULL,'["source","library"]');
INSERT INTO step_parameters VALUES('render_still','preset',0,'string',NULL,NULL,'["preview","production","hero"]');
INSERT INTO step_parameters VALUES('render_still','samples',0,'integer',1,4096,NULL);
INSERT INTO step_parameters VALUES('render_still','seed',0,'integer',0,2147483647,NULL);
INSERT INTO step_parameters VALUES('render_still','source',1,'string',NULL,NULL,NULL);
INSERT INTO step_parameters VALUES('render_still','template',0,'string',NULL,NULL,NULL);
INSERT INTO step_parameters VALUES('render_still','template_collection',0,'string',NULL,NULL,NULL);
INSERT INTO step_parameters VALUES('render_still','unresolved_material',0,'string',NULL,NULL,'["warn","fail"]');
INSERT INTO step_parameters VALUES('render_still','view_transform',0,'string',NULL,NULL,'["standard","agx","khronos_pbr_neutral"]');
INSERT INTO step_parameters VALUES('render_still','width',0,'integer',16,8192,NULL);
INSERT INTO step_parameters VALUES('render_thumbnail','angle',0,'string',NULL,NULL,'["front_0deg","right_90deg","back_180deg","left_270deg","top_90deg","three_quarter_45deg"]');
INSERT INTO step_parameters VALUES('render_thumbnail','azimuth_degrees',0,'number',-360,360,NULL);
INSERT INTO step_parameters VALUES('render_thumbnail','background',0,'string',NULL,NULL,'["transparent","white","template"]');
INSERT INTO step_parameters VALUES('render_thumbnail','cycles_device',0,'string',NULL,NULL,'["gpu","cpu","auto"]');
INSERT INTO step_parameters VALUES('render_thumbnail','elevation_degrees',0,'number',-90,90,NULL);
INSERT INTO step_parameters VALUES('render_thumbnail','engine',0,'string',NULL,NULL,'["cycles","eevee","workbench"]');
INSERT INTO step_parameters VALUES('render_thumbnail','faulty_picture',0,'string',NULL,NULL,'["fail","warn"]');
INSERT INTO step_parameters VALUES('render_thumbnail','height',0,'integer',16,512,NULL);
INSERT INTO step_parameters VALUES('render_thumbnail','material_map',0,'object',0,10000,NULL);
INSERT INTO step_parameters VALUES('render_thumbnail','material_override',0,'string',NULL,NULL,NULL);
INSERT INTO step_parameters VALUES('render_thumbnail','materials',0,'string',NULL,NULL,'["source","library"]');
INSERT INTO step_parameters VALUES('render_thumbnail','preset',0,'string',NULL,NULL,'["preview","production","hero"]');
INSERT INTO step_parameters VALUES('render_thumbnail','samples',0,'integer',1,4096,NULL);
INSERT INTO step_parameters VALUES('render_thumbnail','seed',0,'integer',0,2147483647,NULL);
INSERT INTO step_parameters VALUES('render_thumbnail','source',1,'string',NULL,NULL,NULL);
INSERT INTO step_parameters VALUES('render_thumbnail','template',0,'string',NULL,NULL,NULL);
INSERT INTO step_parameters VALUES('render_thumbnail','template_collection',0,'string',NULL,NULL,NULL);
INSERT INTO step_parameters VALUES('render_thumbnail','unresolved_material',0,'string',NULL,NULL,'["warn","fail"]');
INSERT INTO step_parameters VALUES('render_thumbnail','view_transform',0,'string',NULL,NULL,'["standard","agx","khronos_pbr_neutral"]');
INSERT INTO step_parameters VALUES('render_thumbnail','width',0,'integer',16,512,NULL);
INSERT INTO step_parameters VALUES('render_turntable','background',0,'string',NULL,NULL,'["transparent","white","template"]');
INSERT INTO step_parameters VALUES('render_turntable','chunk_frames',0,'integer',0,1440,NULL);
INSERT INTO step_parameters VALUES('render_turntable','cycles_device',0,'string',NULL,NULL,'["gpu","cpu","auto"]');
INSERT INTO step_parameters VALUES('render_turntable','elevation_degrees',0,'number',-90,90,NULL);
INSERT INTO step_parameters VALUES('render_turntable','engine',0,'string',NULL,NULL,'["cycles","eevee","workbench"]');
INSERT INTO step_parameters VALUES('render_turntable','faulty_picture',0,'string',NULL,NULL,'["fail","warn"]');
INSERT INTO step_parameters VALUES('render_turntable','formats',0,'array',1,3,'["mp4","webm","webp"]');
INSERT INTO step_parameters VALUES('render_turntable','fps',0,'integer',1,120,NULL);
INSERT INTO step_parameters VALUES('render_turntable','frames',0,'integer',2,1440,NULL);
INSERT INTO step_parameters VALUES('render_turntable','height',0,'integer',16,4096,NULL);
INSERT INTO step_parameters VALUES('render_turntable','material_map',0,'object',0,10000,NULL);
INSERT INTO step_parameters VALUES('render_turntable','material_override',0,'string',NULL,NULL,NULL);
INSERT INTO step_parameters VALUES('render_turntable','materials',0,'string',NULL,NULL,'["source","library"]');
INSERT INTO step_parameters VALUES('render_turntable','preset',0,'string',NULL,NULL,'["preview","production","hero"]');
INSERT INTO step_parameters VALUES('render_turntable','preview',0,'boolean',NULL,NULL,NULL);
INSERT INTO step_parameters VALUES('render_turntable','samples',0,'integer',1,4096,NULL);
INSERT INTO step_parameters VALUES('render_turntable','seed',0,'integer',0,2147483647,NULL);
INSERT INTO step_parameters VALUES('render_turntable','source',1,'string',NULL,NULL,NULL);
INSERT INTO step_parameters VALUES('render_turntable','start_degrees',0,'number',-360,360,NULL);
INSERT INTO step_parameters VALUES('render_turntable','template',0,'string',NULL,NULL,NULL);
INSERT INTO step_parameters VALUES('render_turntable','template_collection',0,'string',NULL,NULL,NULL);
INSERT INTO step_parameters VALUES('render_turntable','tilt_degrees',0,'number',0,90,NULL);
INSERT INTO step_parameters VALUES('render_turntable','unresolved_material',0,'string',NULL,NULL,'["warn","fail"]');
INSERT INTO step_parameters VALUES('render_turntable','view_transform',0,'string',NULL,NULL,'["standard","agx","khronos_pbr_neutral"]');
INSERT INTO step_parameters VALUES('render_turntable','width',0,'integer',16,4096,NULL);
CREATE TABLE worker_configs (
  queue_name TEXT NOT NULL PRIMARY KEY CHECK (length(queue_name) BETWEEN 1 AND 100),
  -- Bounds the queue over all daemons together.
  max_concurrency INTEGER NOT NULL DEFAULT 1 CHECK (max_concurrency BETWEEN 1 AND 10000),
  min_concurrency INTEGER NOT NULL DEFAULT 0 CHECK (min_concurrency BETWEEN 0 AND max_concurrency),
  paused INTEGER NOT NULL DEFAULT 0 CHECK (paused IN (0, 1)),
  -- How many jobs of one tenant may run at once; NULL: no limit.
  max_per_tenant INTEGER CHECK (max_per_tenant BETWEEN 1 AND 10000),
  -- How many jobs may start in a minute on the average, and at once after a rest; NULL: no limit.
  max_starts_per_minute INTEGER CHECK (max_starts_per_minute BETWEEN 1 AND 1000000),
  updated_at INTEGER NOT NULL DEFAULT (CAST(round((julianday('now') - 2440587.5) * 86400000.0) AS INTEGER)),
  -- The token bucket behind max_starts_per_minute; written by claims.
  start_tokens REAL,
  start_tokens_at INTEGER
) STRICT, WITHOUT ROWID;
INSERT INTO worker_configs VALUES('cad',3,0,0,NULL,NULL,1795269068166,NULL,NULL);
INSERT INTO worker_configs VALUES('default',64,0,0,NULL,NULL,1795269068129,NULL,NULL);
INSERT INTO worker_configs VALUES('render',1,0,0,NULL,NULL,1795276780690,NULL,NULL);
CREATE TABLE workers (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  host TEXT NOT NULL,
  pid INTEGER NOT NULL,
  boot_id TEXT NOT NULL,
  -- The file whose flock says that this worker lives; in the directory <database>-locks.
  lock_name TEXT NOT NULL UNIQUE,
  version TEXT NOT NULL,
  -- Capabilities: the steps it can run, a JSON array of names.
  steps TEXT NOT NULL CHECK (json_valid(steps)),
  -- The queues it serves, a JSON array of names; NULL: every queue.
  queues TEXT CHECK (queues IS NULL OR json_valid(queues)),
  status_address TEXT,
  -- worker_configs as this worker last saw them: the greatest updated_at.
  config_version INTEGER,
  state TEXT NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'draining', 'stopped', 'dead')),
  started_at INTEGER NOT NULL,
  heartbeat_at INTEGER NOT NULL,
  stopped_at INTEGER,
  CHECK ((state IN ('stopped', 'dead')) = (stopped_at IS NOT NULL))
) STRICT;
INSERT INTO workers VALUES(1,'old',999999,'earlier boot','worker-of-version-1.lock','0.1.0','["ping"]',NULL,NULL,NULL,'running',1750000000000,1750000000000,NULL);
CREATE TABLE jobs (
  id INTEGER PRIMARY KEY AUTOINCREMENT CHECK (id > 0),
  step TEXT NOT NULL,
  -- NULL only while the insert triggers run; they fill in the step's default.
  queue TEXT,
  parameters TEXT NOT NULL DEFAULT '{}',
  state TEXT NOT NULL DEFAULT 'available'
    CHECK ((state = 'blocked' OR state = 'scheduled' OR state = 'available') OR state = 'running' OR (state = 'completed' OR state = 'failed' OR state = 'cancelled')),
  outcome TEXT CHECK ((outcome = 'done' OR outcome = 'cached' OR outcome = 'skipped')),
  priority INTEGER NOT NULL DEFAULT 0 CHECK (priority BETWEEN -1000 AND 1000),
  run_at INTEGER CHECK (run_at >= 0),
  dedup_key TEXT CHECK (length(dedup_key) > 0),
  tenant TEXT NOT NULL DEFAULT 'default',
  attempt INTEGER NOT NULL DEFAULT 0 CHECK (attempt >= 0),
  max_attempts INTEGER CHECK (max_attempts BETWEEN 1 AND 100),
  crashes INTEGER NOT NULL DEFAULT 0 CHECK (crashes >= 0),
  max_crashes INTEGER CHECK (max_crashes BETWEEN 1 AND 100),
  fence INTEGER NOT NULL DEFAULT 0 CHECK (fence >= 0),
  worker_id INTEGER REFERENCES workers (id),
  cancel_requested_at INTEGER,
  progress REAL CHECK (progress BETWEEN 0 AND 1),
  progress_message TEXT,
  error TEXT CHECK (error IS NULL OR json_valid(error)),
  result TEXT CHECK (result IS NULL OR json_valid(result)),
  -- Set by workflows.
  run_id INTEGER,
  node_id TEXT,
  created_at INTEGER NOT NULL DEFAULT (CAST(round((julianday('now') - 2440587.5) * 86400000.0) AS INTEGER)),
  available_at INTEGER,
  started_at INTEGER,
  finished_at INTEGER, parent_id INTEGER REFERENCES jobs (id) ON DELETE SET NULL,
  CHECK ((state = 'running') = (worker_id IS NOT NULL)),
  CHECK ((state = 'completed') = (outcome IS NOT NULL)),
  CHECK ((state = 'completed' OR state = 'failed' OR state = 'cancelled') = (finished_at IS NOT NULL)),
  CHECK (state <> 'scheduled' OR run_at IS NOT NULL)
) STRICT;
INSERT INTO jobs VALUES(1,'extract_metadata','cad','{"source":"/parts/done.step"}','completed','done',0,NULL,'{$.source=text:''/parts/done.step''}','default',1,3,0,2,1,NULL,NULL,1.0,NULL,NULL,'{"summary":{"solids":1}}',NULL,NULL,1750000000000,1750000000000,1750000001000,1750000002000,NULL);
INSERT INTO jobs VALUES(2,'export_glb','cad','{"source":"/parts/bad.step"}','failed',NULL,0,NULL,'{$.source=text:''/parts/bad.step''}','default',1,3,0,2,1,NULL,NULL,NULL,NULL,'{"class":"invalid_input","message":"/parts/bad.step is empty."}',NULL,NULL,NULL,1750000000000,1750000000000,1750000001000,1750000002000,NULL);
INSERT INTO jobs VALUES(3,'export_glb','cad','{"source":"/parts/after-bad.step"}','failed',NULL,0,NULL,'{$.source=text:''/parts/after-bad.step''}','acme',0,3,0,2,0,NULL,NULL,NULL,NULL,'{"class":"dependency_failed","message":"Job 2 (export_glb), which this one waited for, failed; retry that job and this one waits for it again."}',NULL,NULL,NULL,1750000000000,NULL,NULL,1750000002000,NULL);
INSERT INTO jobs VALUES(4,'ping','default','{}','running',NULL,0,NULL,NULL,'default',1,3,0,3,4,1,NULL,NULL,NULL,NULL,NULL,NULL,NULL,1750000000000,1750000000000,1750000001000,NULL,NULL);
INSERT INTO jobs VALUES(5,'export_glb','cad','{"source":"/parts/waiting.step"}','available',NULL,0,NULL,'{$.source=text:''/parts/waiting.step''}','default',0,3,0,2,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,1750000000000,1750000000000,NULL,NULL,NULL);
INSERT INTO jobs VALUES(6,'ping','default','{}','blocked',NULL,0,NULL,NULL,'default',0,3,0,3,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,1750000000000,NULL,NULL,NULL,NULL);
INSERT INTO jobs VALUES(7,'ping','default','{}','scheduled',NULL,0,4000000000000,NULL,'default',0,3,0,3,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,1750000000000,NULL,NULL,NULL,NULL);
INSERT INTO jobs VALUES(8,'ping','default','{}','cancelled',NULL,0,NULL,NULL,'default',0,3,0,3,0,NULL,1,NULL,NULL,NULL,NULL,NULL,NULL,1750000000000,1750000000000,NULL,1795269068165,NULL);
INSERT INTO jobs VALUES(9,'render_still','render','{"source":"/parts/family.step"}','blocked',NULL,0,NULL,'{$.source=text:''/parts/family.step''}','default',0,3,0,2,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,1795276805405,NULL,NULL,NULL,NULL);
INSERT INTO jobs VALUES(10,'export_glb','cad','{"source":"/parts/family.step"}','available',NULL,0,NULL,'{$.source=text:''/parts/family.step''}','default',0,3,0,2,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,1795276805407,1795276805407,NULL,NULL,9);
INSERT INTO jobs VALUES(11,'export_glb','cad','{"source":"/parts/copy.step"}','blocked',NULL,0,NULL,'{$.source=text:''/parts/copy.step''}','default',0,3,0,2,1,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,1750000000000,1750000000000,NULL,NULL,NULL);
CREATE TABLE job_dependencies (
  job_id INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
  depends_on INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE, is_child INTEGER NOT NULL DEFAULT 0 CHECK (is_child IN (0, 1)),
  PRIMARY KEY (job_id, depends_on),
  CHECK (job_id <> depends_on)
) STRICT, WITHOUT ROWID;
INSERT INTO job_dependencies VALUES(3,2,0);
INSERT INTO job_dependencies VALUES(6,5,0);
INSERT INTO job_dependencies VALUES(9,10,1);
CREATE TABLE job_events (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  job_id INTEGER NOT NULL,
  at INTEGER NOT NULL,
  kind TEXT NOT NULL,
  fence INTEGER,
  worker_id INTEGER,
  detail TEXT CHECK (detail IS NULL OR json_valid(detail))
) STRICT;
INSERT INTO job_events VALUES(1,1,1750000000000,'enqueued',NULL,NULL,NULL);
INSERT INTO job_events VALUES(2,2,1750000000000,'enqueued',NULL,NULL,NULL);
INSERT INTO job_events VALUES(3,3,1750000000000,'enqueued',NULL,NULL,NULL);
INSERT INTO job_events VALUES(4,3,1795269068156,'blocked',NULL,NULL,NULL);
INSERT INTO job_events VALUES(5,1,1750000001000,'started',1,1,'{"attempt":1}');
INSERT INTO job_events VALUES(6,1,1750000002000,'completed',1,1,NULL);
INSERT INTO job_events VALUES(7,2,1750000001000,'started',1,1,'{"attempt":1}');
INSERT INTO job_events VALUES(8,3,1750000002000,'failed',NULL,NULL,'{"class":"dependency_failed","message":"Job 2 (export_glb), which this one waited for, failed; retry that job and this one waits for it again."}');
INSERT INTO job_events VALUES(9,2,1750000002000,'failed',1,1,'{"class":"invalid_input","message":"/parts/bad.step is empty."}');
INSERT INTO job_events VALUES(10,4,1750000000000,'enqueued',NULL,NULL,NULL);
INSERT INTO job_events VALUES(11,4,1750000001000,'started',4,1,'{"attempt":1}');
INSERT INTO job_events VALUES(12,5,1750000000000,'enqueued',NULL,NULL,NULL);
INSERT INTO job_events VALUES(13,6,1750000000000,'enqueued',NULL,NULL,NULL);
INSERT INTO job_events VALUES(14,6,1795269068163,'blocked',NULL,NULL,NULL);
INSERT INTO job_events VALUES(15,7,1750000000000,'enqueued',NULL,NULL,NULL);
INSERT INTO job_events VALUES(16,8,1750000000000,'enqueued',NULL,NULL,NULL);
INSERT INTO job_events VALUES(17,8,1795269068165,'cancel_requested',NULL,NULL,NULL);
INSERT INTO job_events VALUES(18,8,1795269068165,'cancelled',NULL,NULL,NULL);
INSERT INTO job_events VALUES(19,9,1795276805405,'enqueued',NULL,NULL,NULL);
INSERT INTO job_events VALUES(20,10,1795276805407,'enqueued',NULL,NULL,NULL);
INSERT INTO job_events VALUES(21,9,1795276805412,'blocked',NULL,NULL,NULL);
INSERT INTO job_events VALUES(22,11,1750000000000,'enqueued',NULL,NULL,NULL);
INSERT INTO job_events VALUES(23,11,1750000001500,'started',1,1,'{"attempt":1}');
CREATE TABLE tool_processes (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  job_id INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
  fence INTEGER NOT NULL,
  worker_id INTEGER NOT NULL REFERENCES workers (id),
  tool TEXT NOT NULL,
  -- The value of STEPWORKS_RUN in the environment of every process of the run.
  run_id TEXT NOT NULL,
  -- The supervisor: leader of its own session and process group, named for ever by pid, start and boot.
  pid INTEGER NOT NULL,
  start_ticks INTEGER NOT NULL,
  boot_id TEXT NOT NULL,
  started_at INTEGER NOT NULL
) STRICT;
CREATE TABLE artifacts (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  job_id INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
  fence INTEGER NOT NULL,
  tenant TEXT NOT NULL,
  role TEXT NOT NULL,
  path TEXT NOT NULL,
  media_type TEXT NOT NULL,
  bytes INTEGER NOT NULL CHECK (bytes > 0),
  sha256 TEXT NOT NULL CHECK (length(sha256) = 64),
  -- Digest of everything that determines the file, and what that was.
  derivation_key TEXT NOT NULL CHECK (length(derivation_key) = 64),
  provenance TEXT NOT NULL CHECK (json_valid(provenance)),
  created_at INTEGER NOT NULL,
  UNIQUE (job_id, path)
) STRICT;
INSERT INTO artifacts VALUES(1,1,1,'default','metadata','/store/metadata.json','application/json',12,'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb','{"step":"extract_metadata"}',1750000002000);
CREATE TABLE derivations (
  key TEXT NOT NULL PRIMARY KEY CHECK (length(key) = 64),
  -- Makes it now, as long as it runs under this fence.
  job_id INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
  fence INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO derivations VALUES('0000000000000000000000000000000000000000000000000000000000000007',4,4);
CREATE TABLE derivation_waits (
  -- Blocked until the other one stops running.
  job_id INTEGER NOT NULL PRIMARY KEY REFERENCES jobs (id) ON DELETE CASCADE,
  maker_id INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE
) STRICT;
INSERT INTO derivation_waits VALUES(11,4);
DELETE FROM sqlite_sequence;
INSERT INTO sqlite_sequence VALUES('job_events',23);
INSERT INTO sqlite_sequence VALUES('jobs',11);
INSERT INTO sqlite_sequence VALUES('workers',1);
INSERT INTO sqlite_sequence VALUES('artifacts',1);
CREATE INDEX workers_alive ON workers (id) WHERE state IN ('running', 'draining');
CREATE INDEX jobs_claimable ON jobs (queue, step, tenant, priority DESC, id, state)
  WHERE state = 'available' AND queue IS NOT NULL;
CREATE INDEX jobs_scheduled ON jobs (run_at, state) WHERE state = 'scheduled';
CREATE INDEX jobs_running ON jobs (queue, tenant, state) WHERE state = 'running';
CREATE INDEX jobs_leased ON jobs (worker_id) WHERE state = 'running';
CREATE INDEX jobs_cancelling ON jobs (worker_id) WHERE state = 'running' AND cancel_requested_at IS NOT NULL;
CREATE INDEX jobs_blocked ON jobs (id) WHERE state = 'blocked';
CREATE UNIQUE INDEX jobs_waiting_once ON jobs (dedup_key, step, tenant)
  WHERE dedup_key IS NOT NULL AND (state = 'blocked' OR state = 'scheduled' OR state = 'available');
CREATE INDEX job_dependencies_by_parent ON job_dependencies (depends_on, job_id);
CREATE INDEX job_events_by_job ON job_events (job_id);
CREATE INDEX tool_processes_by_job ON tool_processes (job_id);
CREATE INDEX artifacts_by_digest ON artifacts (sha256);
CREATE VIEW queue_status AS
  SELECT config.queue_name, config.max_concurrency, config.min_concurrency, config.paused,
    config.max_per_tenant, config.max_starts_per_minute,
    (SELECT count(*) FROM jobs WHERE state = 'running' AND queue = config.queue_name) AS running,
    (SELECT count(*) FROM jobs
      WHERE state = 'available' AND queue IS NOT NULL AND queue = config.queue_name) AS available,
    (SELECT count(*) FROM jobs WHERE state = 'scheduled' AND queue = config.queue_name) AS scheduled,
    (SELECT count(*) FROM jobs WHERE state = 'blocked' AND queue = config.queue_name) AS blocked,
    (SELECT min(available_at) FROM jobs
      WHERE state = 'available' AND queue IS NOT NULL AND queue = config.queue_name) AS oldest_available_at
  FROM worker_configs AS config;
CREATE TRIGGER jobs_fill_defaults AFTER INSERT ON jobs
WHEN NEW.queue IS NULL OR NEW.max_attempts IS NULL OR NEW.max_crashes IS NULL OR NEW.available_at IS NULL
  OR NEW.run_at IS NOT NULL
  OR (NEW.dedup_key IS NULL AND (SELECT dedup FROM steps WHERE name = NEW.step) <> 'none')
BEGIN
  UPDATE jobs SET
    queue = coalesce(NEW.queue, (SELECT queue FROM steps WHERE name = NEW.step)),
    max_attempts = coalesce(NEW.max_attempts, (SELECT max_attempts FROM steps WHERE name = NEW.step)),
    max_crashes = coalesce(NEW.max_crashes, (SELECT max_crashes FROM steps WHERE name = NEW.step)),
    dedup_key = coalesce(NEW.dedup_key, CASE (SELECT dedup FROM steps WHERE name = NEW.step) WHEN 'parameters' THEN '{' || coalesce((SELECT group_concat(member, ' ') FROM (
  SELECT fullkey || '=' || type || ':' || quote(atom) AS member FROM json_tree(NEW.parameters)
  WHERE fullkey <> '$' ORDER BY fullkey)), '') || '}' END),
    state = CASE WHEN NEW.run_at > NEW.created_at THEN 'scheduled' ELSE 'available' END,
    available_at = CASE WHEN NEW.run_at > NEW.created_at THEN NULL ELSE NEW.created_at END
    WHERE id = NEW.id;
END;
CREATE TRIGGER jobs_know_queue AFTER INSERT ON jobs
WHEN NOT EXISTS (SELECT 1 FROM worker_configs
  WHERE queue_name = coalesce(NEW.queue, (SELECT queue FROM steps WHERE name = NEW.step)))
BEGIN
  INSERT INTO worker_configs (queue_name)
    VALUES (coalesce(NEW.queue, (SELECT queue FROM steps WHERE name = NEW.step)));
END;
CREATE TRIGGER jobs_log_insert AFTER INSERT ON jobs BEGIN
  INSERT INTO job_events (job_id, at, kind) VALUES (NEW.id, NEW.created_at, 'enqueued');
END;
CREATE TRIGGER jobs_stay_complete BEFORE UPDATE OF queue, max_attempts, max_crashes ON jobs
WHEN OLD.queue IS NOT NULL AND (NEW.queue IS NULL OR NEW.max_attempts IS NULL OR NEW.max_crashes IS NULL) BEGIN
  SELECT RAISE(ABORT, 'stepworks: queue, max_attempts and max_crashes of a job cannot be NULL');
END;
CREATE TRIGGER jobs_know_new_queue AFTER UPDATE OF queue ON jobs
WHEN NEW.queue IS NOT NULL AND NOT EXISTS (SELECT 1 FROM worker_configs WHERE queue_name = NEW.queue) BEGIN
  INSERT INTO worker_configs (queue_name) VALUES (NEW.queue);
END;
CREATE TRIGGER worker_configs_stay BEFORE DELETE ON worker_configs
WHEN EXISTS (SELECT 1 FROM jobs WHERE queue = OLD.queue_name AND finished_at IS NULL) BEGIN
  SELECT RAISE(ABORT, 'stepworks: the queue has unfinished jobs; pause it instead');
END;
CREATE TRIGGER jobs_check_fence BEFORE UPDATE OF fence ON jobs WHEN NEW.fence < OLD.fence BEGIN
  SELECT RAISE(ABORT, 'stepworks: a fence only grows');
END;
CREATE TRIGGER job_dependencies_check BEFORE INSERT ON job_dependencies BEGIN
  SELECT CASE
    WHEN NOT EXISTS (SELECT 1 FROM jobs WHERE id = NEW.job_id AND (state = 'blocked' OR state = 'scheduled' OR state = 'available')) THEN RAISE(ABORT,
      'stepworks: only a job that has not started can be made to wait; insert job and dependency in one transaction')
    WHEN NOT EXISTS (SELECT 1 FROM jobs WHERE id = NEW.depends_on) THEN RAISE(ABORT,
      'stepworks: depends_on names no job')
    WHEN (SELECT state FROM jobs WHERE id = NEW.depends_on) IN ('failed', 'cancelled') THEN RAISE(ABORT,
      'stepworks: the job it should wait for has failed or was cancelled')
    WHEN NEW.job_id = NEW.depends_on OR NEW.job_id IN (
      WITH RECURSIVE ancestor (id) AS (
        SELECT NEW.depends_on
        UNION SELECT depends_on FROM job_dependencies JOIN ancestor ON job_id = ancestor.id)
      SELECT id FROM ancestor) THEN RAISE(ABORT,
      'stepworks: the jobs would wait for each other for ever')
  END;
END;
CREATE TRIGGER job_dependencies_block AFTER INSERT ON job_dependencies
WHEN (SELECT state FROM jobs WHERE id = NEW.depends_on) <> 'completed' BEGIN
  UPDATE jobs SET state = 'blocked', available_at = NULL
    WHERE id = NEW.job_id AND state IN ('scheduled', 'available');
END;
CREATE TRIGGER job_dependencies_stay BEFORE DELETE ON job_dependencies
WHEN (SELECT state FROM jobs WHERE id = OLD.job_id) = 'blocked'
  AND (SELECT state FROM jobs WHERE id = OLD.depends_on) <> 'completed' BEGIN
  SELECT RAISE(ABORT, 'stepworks: a job still waits for that one; cancel it instead');
END;
CREATE TRIGGER job_dependencies_fixed BEFORE UPDATE ON job_dependencies BEGIN
  SELECT RAISE(ABORT, 'stepworks: a dependency is not changed; cancel the job and insert another');
END;
CREATE TRIGGER jobs_delete_finished BEFORE DELETE ON jobs
WHEN OLD.state NOT IN ('completed', 'failed', 'cancelled') BEGIN
  SELECT RAISE(ABORT, 'stepworks: only a finished job can be deleted; cancel this one first');
END;
CREATE TRIGGER tenants_keep_default BEFORE DELETE ON tenants
WHEN OLD.name = 'default' OR EXISTS (SELECT 1 FROM jobs WHERE tenant = OLD.name) BEGIN
  SELECT RAISE(ABORT, 'stepworks: a tenant that has jobs, and the default one, cannot be deleted');
END;
CREATE TRIGGER job_events_append_only BEFORE UPDATE ON job_events BEGIN
  SELECT RAISE(ABORT, 'stepworks: job_events is append-only');
END;
CREATE TRIGGER worker_configs_touch AFTER UPDATE
OF max_concurrency, min_concurrency, paused, max_per_tenant, max_starts_per_minute ON worker_configs BEGIN
  UPDATE worker_configs SET updated_at = max(CAST(round((julianday('now') - 2440587.5) * 86400000.0) AS INTEGER), OLD.updated_at + 1) WHERE queue_name = NEW.queue_name;
END;
CREATE INDEX jobs_by_parent ON jobs (parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX job_dependencies_by_child ON job_dependencies (depends_on, job_id) WHERE is_child;
CREATE VIEW job_list AS
  SELECT id, step, queue, state, outcome, priority, tenant, attempt, max_attempts, crashes, progress,
    progress_message,
    json_extract(error, '$.class') AS error_class, json_extract(error, '$.message') AS error_message,
    strftime('%Y-%m-%dT%H:%M:%fZ', created_at / 1000.0, 'unixepoch') AS created_at, strftime('%Y-%m-%dT%H:%M:%fZ', run_at / 1000.0, 'unixepoch') AS run_at, strftime('%Y-%m-%dT%H:%M:%fZ', available_at / 1000.0, 'unixepoch') AS available_at, strftime('%Y-%m-%dT%H:%M:%fZ', started_at / 1000.0, 'unixepoch') AS started_at,
    strftime('%Y-%m-%dT%H:%M:%fZ', finished_at / 1000.0, 'unixepoch') AS finished_at, parent_id
  FROM jobs;
CREATE TRIGGER jobs_check_transition BEFORE UPDATE OF state ON jobs
WHEN NEW.state <> OLD.state AND OLD.queue IS NOT NULL
  AND instr(' blocked>scheduled blocked>available blocked>failed blocked>cancelled scheduled>blocked scheduled>available scheduled>cancelled available>blocked available>scheduled available>running available>cancelled running>blocked running>scheduled running>available running>completed running>failed running>cancelled failed>blocked failed>scheduled failed>available cancelled>blocked cancelled>scheduled cancelled>available ', ' ' || OLD.state || '>' || NEW.state || ' ') = 0 BEGIN
  SELECT RAISE(ABORT, 'stepworks: no job goes from that state to this one');
END;
CREATE TRIGGER jobs_log_transition AFTER UPDATE OF state ON jobs
WHEN NEW.state <> OLD.state AND (NEW.state = 'running' OR NEW.state = 'completed' OR NOT (
  ((OLD.state = 'running' OR OLD.state = 'available') AND (NEW.state = 'scheduled' OR NEW.state = 'available'))
  OR (OLD.state = 'running' AND NEW.state = 'blocked')))
BEGIN
  INSERT INTO job_events (job_id, at, kind, fence, worker_id, detail) VALUES (
    NEW.id,
    CASE NEW.state WHEN 'running' THEN NEW.started_at
      WHEN 'blocked' THEN CAST(round((julianday('now') - 2440587.5) * 86400000.0) AS INTEGER) ELSE coalesce(NEW.finished_at, CAST(round((julianday('now') - 2440587.5) * 86400000.0) AS INTEGER)) END,
    CASE NEW.state
      WHEN 'running' THEN 'started'
      WHEN 'completed' THEN 'completed'
      WHEN 'failed' THEN 'failed'
      WHEN 'cancelled' THEN 'cancelled'
      ELSE CASE OLD.state
        WHEN 'failed' THEN 'retried'
        WHEN 'cancelled' THEN 'retried'
        WHEN 'blocked' THEN 'unblocked'
        ELSE CASE NEW.state WHEN 'blocked' THEN 'blocked' ELSE 'promoted' END
      END
    END,
    nullif(NEW.fence, 0), coalesce(NEW.worker_id, OLD.worker_id),
    CASE NEW.state
      WHEN 'running' THEN json_object('attempt', NEW.attempt)
      WHEN 'completed' THEN NULL
      WHEN 'failed' THEN NEW.error
      WHEN 'cancelled' THEN CASE WHEN NEW.cancel_requested_at IS NULL THEN NEW.error END
    END);
END;
CREATE TRIGGER jobs_release_dependents AFTER UPDATE OF state ON jobs
WHEN NEW.state = 'completed' AND EXISTS (SELECT 1 FROM job_dependencies WHERE depends_on = NEW.id) BEGIN
  UPDATE jobs SET
    state = CASE WHEN run_at > NEW.finished_at THEN 'scheduled' ELSE 'available' END,
    available_at = CASE WHEN run_at > NEW.finished_at THEN NULL ELSE NEW.finished_at END,
    progress = NULL, progress_message = NULL
  WHERE state = 'blocked'
    AND id IN (SELECT job_id FROM job_dependencies WHERE depends_on = NEW.id)
    AND NOT EXISTS (
      SELECT 1 FROM job_dependencies AS other JOIN jobs AS parent ON parent.id = other.depends_on
      WHERE other.job_id = jobs.id AND parent.state <> 'completed');
END;
CREATE TRIGGER jobs_tell_parents AFTER UPDATE OF progress, state ON jobs
WHEN (NEW.progress IS NOT OLD.progress OR NEW.state <> OLD.state)
  AND EXISTS (SELECT 1 FROM job_dependencies WHERE depends_on = NEW.id AND is_child) BEGIN
  UPDATE jobs SET progress = (SELECT avg(CASE child.state WHEN 'completed' THEN 1.0 WHEN 'running' THEN coalesce(child.progress, 0.0) ELSE 0.0 END)
  FROM job_dependencies AS wish JOIN jobs AS child ON child.id = wish.depends_on
  WHERE wish.job_id = jobs.id AND wish.is_child), progress_message = (SELECT sum(child.state = 'completed') || ' of ' || count(*) || ' jobs done'
    || coalesce(': ' || max(CASE child.state WHEN 'running' THEN child.progress_message END), '')
  FROM job_dependencies AS wish JOIN jobs AS child ON child.id = wish.depends_on
  WHERE wish.job_id = jobs.id AND wish.is_child)
  WHERE state = 'blocked' AND id IN (SELECT job_id FROM job_dependencies WHERE depends_on = NEW.id AND is_child);
END;
CREATE TRIGGER jobs_fail_dependents AFTER UPDATE OF state ON jobs
WHEN (NEW.state = 'failed' OR NEW.state = 'cancelled') AND EXISTS (SELECT 1 FROM job_dependencies WHERE depends_on = NEW.id)
BEGIN
  UPDATE jobs SET state = 'failed', finished_at = NEW.finished_at, error = json_object(
    'class', 'dependency_failed',
    'message', 'Job ' || NEW.id || ' (' || NEW.step || '), which this one '
      || CASE WHEN EXISTS (SELECT 1 FROM job_dependencies WHERE job_id = jobs.id AND is_child)
        THEN 'asked for, '
          || CASE NEW.state
            WHEN 'failed' THEN 'failed: ' || coalesce(json_extract(NEW.error, '$.message'), 'no reason is recorded.')
            ELSE 'was cancelled; retry this one and both go on.' END
        ELSE 'waited for, ' || CASE NEW.state WHEN 'failed' THEN 'failed' ELSE 'was cancelled' END
          || '; retry that job and this one waits for it again.' END)
  WHERE state = 'blocked' AND id IN (
    WITH RECURSIVE dependent (id) AS (
      SELECT job_id FROM job_dependencies WHERE depends_on = NEW.id
      UNION SELECT job_id FROM job_dependencies JOIN dependent ON depends_on = dependent.id)
    SELECT id FROM dependent);
  UPDATE jobs SET state = 'cancelled', finished_at = NEW.finished_at, error = json_object(
    'class', 'cancelled',
    'message', 'Job ' || parent_id || ', which asked for this one, did not go on, and nobody else waits for it.')
  WHERE id IN (WITH RECURSIVE family (id) AS (
  SELECT id FROM jobs WHERE state = 'failed' AND finished_at = NEW.finished_at AND id IN (
  WITH RECURSIVE dependent (id) AS (
    SELECT job_id FROM job_dependencies WHERE depends_on = NEW.id
    UNION SELECT job_id FROM job_dependencies JOIN dependent ON depends_on = dependent.id)
  SELECT id FROM dependent)
  UNION SELECT child.id FROM family JOIN job_dependencies AS link ON link.job_id = family.id AND link.is_child
    JOIN jobs AS child ON child.id = link.depends_on WHERE child.parent_id IS NOT NULL AND (child.state = 'blocked' OR child.state = 'scheduled' OR child.state = 'available')),
wanted (id) AS (
  SELECT family.id FROM family JOIN job_dependencies AS link ON link.depends_on = family.id
    JOIN jobs AS other ON other.id = link.job_id
    WHERE other.finished_at IS NULL AND other.id NOT IN (SELECT id FROM family) AND family.id NOT IN (SELECT id FROM jobs WHERE state = 'failed' AND finished_at = NEW.finished_at AND id IN (
  WITH RECURSIVE dependent (id) AS (
    SELECT job_id FROM job_dependencies WHERE depends_on = NEW.id
    UNION SELECT job_id FROM job_dependencies JOIN dependent ON depends_on = dependent.id)
  SELECT id FROM dependent))
  UNION SELECT link.depends_on FROM wanted JOIN job_dependencies AS link ON link.job_id = wanted.id)
SELECT id FROM family WHERE id NOT IN (SELECT id FROM wanted) AND id NOT IN (SELECT id FROM jobs WHERE state = 'failed' AND finished_at = NEW.finished_at AND id IN (
  WITH RECURSIVE dependent (id) AS (
    SELECT job_id FROM job_dependencies WHERE depends_on = NEW.id
    UNION SELECT job_id FROM job_dependencies JOIN dependent ON depends_on = dependent.id)
  SELECT id FROM dependent)));
END;
CREATE TRIGGER jobs_log_cancel_request BEFORE UPDATE OF cancel_requested_at ON jobs
WHEN NEW.cancel_requested_at IS NOT NULL AND OLD.cancel_requested_at IS NULL AND OLD.finished_at IS NULL BEGIN
  INSERT INTO job_events (job_id, at, kind, fence) VALUES (NEW.id, CAST(round((julianday('now') - 2440587.5) * 86400000.0) AS INTEGER), 'cancel_requested', nullif(NEW.fence, 0));
END;
CREATE TRIGGER jobs_cancel AFTER UPDATE OF cancel_requested_at ON jobs
WHEN NEW.cancel_requested_at IS NOT NULL AND OLD.cancel_requested_at IS NULL AND OLD.finished_at IS NULL BEGIN
  UPDATE jobs SET state = 'cancelled', finished_at = CAST(round((julianday('now') - 2440587.5) * 86400000.0) AS INTEGER)
    WHERE id = NEW.id AND (state = 'blocked' OR state = 'scheduled' OR state = 'available');
  UPDATE jobs SET cancel_requested_at = NEW.cancel_requested_at,
    state = CASE WHEN (state = 'blocked' OR state = 'scheduled' OR state = 'available') THEN 'cancelled' ELSE state END,
    finished_at = CASE WHEN (state = 'blocked' OR state = 'scheduled' OR state = 'available') THEN CAST(round((julianday('now') - 2440587.5) * 86400000.0) AS INTEGER) ELSE finished_at END
  WHERE cancel_requested_at IS NULL
    AND id IN (WITH RECURSIVE family (id) AS (
  SELECT NEW.id
  UNION SELECT child.id FROM family JOIN job_dependencies AS link ON link.job_id = family.id AND link.is_child
    JOIN jobs AS child ON child.id = link.depends_on WHERE child.parent_id IS NOT NULL AND child.finished_at IS NULL),
wanted (id) AS (
  SELECT family.id FROM family JOIN job_dependencies AS link ON link.depends_on = family.id
    JOIN jobs AS other ON other.id = link.job_id
    WHERE other.finished_at IS NULL AND other.id NOT IN (SELECT id FROM family) AND family.id NOT IN (SELECT NEW.id)
  UNION SELECT link.depends_on FROM wanted JOIN job_dependencies AS link ON link.job_id = wanted.id)
SELECT id FROM family WHERE id NOT IN (SELECT id FROM wanted) AND id NOT IN (SELECT NEW.id));
END;
CREATE TRIGGER steps_list_parameters AFTER INSERT ON steps BEGIN DELETE FROM step_parameters WHERE step = NEW.name;
INSERT INTO step_parameters (step, name, is_required, type, minimum, maximum, choices)
  SELECT NEW.name, known.key,
    EXISTS (SELECT 1 FROM json_each(NEW.parameter_schema, '$.required') AS required
      WHERE required.value = known.key),
    json_extract(known.value, '$.type'),
    coalesce(json_extract(known.value, '$.minimum'), json_extract(known.value, '$.minItems'),
      json_extract(known.value, '$.minProperties')),
    coalesce(json_extract(known.value, '$.maximum'), json_extract(known.value, '$.maxItems'),
      json_extract(known.value, '$.maxProperties')),
    coalesce(json_extract(known.value, '$.enum'), json_extract(known.value, '$.items.enum'))
  FROM json_each(NEW.parameter_schema, '$.properties') AS known;
UPDATE steps SET required_parameters = (SELECT count(*) FROM step_parameters WHERE step = NEW.name AND is_required)
  WHERE name = NEW.name; END;
CREATE TRIGGER steps_list_parameters_again AFTER UPDATE OF parameter_schema ON steps BEGIN DELETE FROM step_parameters WHERE step = NEW.name;
INSERT INTO step_parameters (step, name, is_required, type, minimum, maximum, choices)
  SELECT NEW.name, known.key,
    EXISTS (SELECT 1 FROM json_each(NEW.parameter_schema, '$.required') AS required
      WHERE required.value = known.key),
    json_extract(known.value, '$.type'),
    coalesce(json_extract(known.value, '$.minimum'), json_extract(known.value, '$.minItems'),
      json_extract(known.value, '$.minProperties')),
    coalesce(json_extract(known.value, '$.maximum'), json_extract(known.value, '$.maxItems'),
      json_extract(known.value, '$.maxProperties')),
    coalesce(json_extract(known.value, '$.enum'), json_extract(known.value, '$.items.enum'))
  FROM json_each(NEW.parameter_schema, '$.properties') AS known;
UPDATE steps SET required_parameters = (SELECT count(*) FROM step_parameters WHERE step = NEW.name AND is_required)
  WHERE name = NEW.name; END;
CREATE TRIGGER jobs_before_insert BEFORE INSERT ON jobs BEGIN
  SELECT CASE
    WHEN steps.name IS NULL THEN RAISE(ABORT,
      'stepworks: unknown step; SELECT name FROM steps lists the known ones')
    WHEN NEW.state <> 'available' OR NEW.outcome IS NOT NULL OR NEW.attempt <> 0 OR NEW.crashes <> 0
      OR NEW.fence <> 0 OR NEW.worker_id IS NOT NULL OR NEW.cancel_requested_at IS NOT NULL
      OR NEW.progress IS NOT NULL OR NEW.progress_message IS NOT NULL OR NEW.error IS NOT NULL
      OR NEW.result IS NOT NULL OR NEW.started_at IS NOT NULL OR NEW.finished_at IS NOT NULL
      OR NEW.parent_id IS NOT NULL
      THEN RAISE(ABORT,
      'stepworks: state, outcome, attempt, crashes, fence, worker_id, progress, error, result, parent_id and their times are set by workers only')
    -- −1 stands for "not given". A given id could reuse one, or use up all of them.
    WHEN NEW.id > 0 THEN RAISE(ABORT,
      'stepworks: leave out id; the database gives it, RETURNING id tells it')
    WHEN NOT EXISTS (SELECT 1 FROM tenants WHERE name = NEW.tenant) THEN RAISE(ABORT,
      'stepworks: unknown tenant; SELECT name FROM tenants lists the known ones')
    WHEN NEW.parameters <> '{}' AND NOT json_valid(NEW.parameters) THEN RAISE(ABORT,
      'stepworks: parameters is not valid JSON')
    WHEN NEW.parameters <> '{}' AND json_type(NEW.parameters) <> 'object' THEN RAISE(ABORT,
      'stepworks: parameters must be a JSON object, such as {"source":"part.step"}')
    WHEN length(NEW.parameters) > 1000000 THEN RAISE(ABORT,
      'stepworks: parameters is longer than a million characters; put the data into a file and name that')
    WHEN steps.required_parameters > 0 AND EXISTS (
      SELECT 1 FROM step_parameters AS known WHERE step = NEW.step AND is_required AND NOT EXISTS (
        SELECT 1 FROM json_each(NEW.parameters) AS given WHERE given.key = known.name AND given.type <> 'null'))
      THEN RAISE(ABORT,
      'stepworks: a required parameter is missing; steps.parameter_schema says which the step needs')
    WHEN NEW.parameters <> '{}' THEN (
      -- The first wrong member decides; null means "not given".
      SELECT CASE
        WHEN known.name IS NULL THEN RAISE(ABORT,
          'stepworks: unknown parameter; steps.parameter_schema lists those the step takes')
        WHEN CASE known.type
          WHEN 'string' THEN given.type <> 'text'
          WHEN 'boolean' THEN given.type NOT IN ('true', 'false')
          WHEN 'integer' THEN given.type <> 'integer'
          WHEN 'number' THEN given.type NOT IN ('integer', 'real')
          WHEN 'array' THEN CASE given.type WHEN 'array' THEN EXISTS (SELECT 1 FROM json_each(given.value) AS item WHERE item.type <> 'text') ELSE 1 END
          WHEN 'object' THEN CASE given.type WHEN 'object' THEN EXISTS (SELECT 1 FROM json_each(given.value) AS item WHERE item.type <> 'text') ELSE 1 END
        END THEN RAISE(ABORT,
          'stepworks: a parameter has the wrong type; steps.parameter_schema says which it must have')
        ELSE RAISE(ABORT,
          'stepworks: a parameter is out of its range; steps.parameter_schema says which values it takes')
      END
      FROM json_each(NEW.parameters) AS given
      LEFT JOIN step_parameters AS known ON known.step = NEW.step AND known.name = given.key
      WHERE CASE
        WHEN known.name IS NULL THEN json_extract(steps.parameter_schema, '$.additionalProperties') = 0
        WHEN given.type = 'null' THEN 0
        WHEN known.type = 'string' THEN given.type <> 'text' OR (
          known.choices IS NOT NULL AND given.value NOT IN (SELECT value FROM json_each(known.choices)))
        WHEN known.type = 'boolean' THEN given.type NOT IN ('true', 'false')
        WHEN known.type = 'integer' THEN given.type <> 'integer'
          OR given.value NOT BETWEEN known.minimum AND known.maximum
        WHEN known.type = 'number' THEN given.type NOT IN ('integer', 'real')
          OR given.value NOT BETWEEN known.minimum AND known.maximum
        WHEN known.type = 'array' THEN CASE given.type
          WHEN 'array' THEN EXISTS (SELECT 1 FROM json_each(given.value) AS item WHERE item.type <> 'text') OR (SELECT count(*) FROM json_each(given.value)) NOT BETWEEN known.minimum AND known.maximum OR (known.choices IS NOT NULL AND EXISTS (SELECT 1 FROM json_each(given.value) AS item
  WHERE item.value NOT IN (SELECT value FROM json_each(known.choices)))) OR (SELECT count(*) > count(DISTINCT item.value) FROM json_each(given.value) AS item)
          ELSE 1 END
        WHEN known.type = 'object' THEN CASE given.type
          WHEN 'object' THEN EXISTS (SELECT 1 FROM json_each(given.value) AS item WHERE item.type <> 'text') OR (SELECT count(*) FROM json_each(given.value)) NOT BETWEEN known.minimum AND known.maximum
          ELSE 1 END
      END
      LIMIT 1)
  END FROM (SELECT 1) LEFT JOIN steps ON steps.name = NEW.step;

  -- A waiting job that is the same work takes this one in: no row, one event, the higher of the two priorities, the
  -- earlier of the two times. From now on it is not only its parent's any more.
  -- changes() is that of the statement before; RAISE(IGNORE) abandons the insert and keeps what stands before it.
  INSERT INTO job_events (job_id, at, kind, detail)
    SELECT id, CAST(round((julianday('now') - 2440587.5) * 86400000.0) AS INTEGER), 'duplicate', CASE WHEN parent_id IS NULL THEN json_object('priority', NEW.priority)
      ELSE json_object('priority', NEW.priority, 'parent_id', parent_id) END FROM jobs
    WHERE dedup_key IS NOT NULL AND (state = 'blocked' OR state = 'scheduled' OR state = 'available')
      AND dedup_key = coalesce(NEW.dedup_key, CASE (SELECT dedup FROM steps WHERE name = NEW.step) WHEN 'parameters' THEN '{' || coalesce((SELECT group_concat(member, ' ') FROM (
  SELECT fullkey || '=' || type || ':' || quote(atom) AS member FROM json_tree(NEW.parameters)
  WHERE fullkey <> '$' ORDER BY fullkey)), '') || '}' END) AND step = NEW.step AND tenant = NEW.tenant;
  UPDATE jobs SET priority = max(priority, NEW.priority), parent_id = NULL,
    run_at = CASE WHEN run_at > coalesce(NEW.run_at, 0) THEN coalesce(NEW.run_at, NEW.created_at) ELSE run_at END
    WHERE changes() > 0 AND id = (SELECT job_id FROM job_events WHERE id = last_insert_rowid());
  SELECT RAISE(IGNORE) WHERE changes() > 0;
END
;
CREATE INDEX derivations_by_job ON derivations (job_id);
CREATE INDEX derivation_waits_by_maker ON derivation_waits (maker_id);
CREATE INDEX artifacts_by_derivation ON artifacts (derivation_key);
CREATE TRIGGER jobs_end_derivations AFTER UPDATE OF state ON jobs
WHEN OLD.state = 'running' AND NEW.state <> 'running'
  AND EXISTS (SELECT 1 FROM derivations WHERE job_id = NEW.id) BEGIN
  DELETE FROM derivations WHERE job_id = NEW.id;
  UPDATE jobs SET state = 'available', available_at = coalesce(NEW.finished_at, CAST(round((julianday('now') - 2440587.5) * 86400000.0) AS INTEGER)),
    progress = NULL, progress_message = NULL
  WHERE state = 'blocked' AND id IN (SELECT job_id FROM derivation_waits WHERE maker_id = NEW.id)
    AND NOT EXISTS (
      SELECT 1 FROM job_dependencies AS other JOIN jobs AS parent ON parent.id = other.depends_on
      WHERE other.job_id = jobs.id AND parent.state <> 'completed');
  -- Those that a producer has made wait for others meanwhile: they go on when these are done.
  DELETE FROM derivation_waits WHERE maker_id = NEW.id;
END
;
CREATE TRIGGER jobs_end_derivation_wait AFTER UPDATE OF state ON jobs
WHEN OLD.state = 'blocked' AND NEW.state <> 'blocked'
  AND EXISTS (SELECT 1 FROM derivation_waits WHERE job_id = NEW.id) BEGIN
  DELETE FROM derivation_waits WHERE job_id = NEW.id;
END;
CREATE TRIGGER jobs_tell_derivation_waits AFTER UPDATE OF progress ON jobs
WHEN NEW.progress IS NOT OLD.progress AND NEW.state = 'running'
  AND EXISTS (SELECT 1 FROM derivation_waits WHERE maker_id = NEW.id) BEGIN
  UPDATE jobs SET progress = NEW.progress, progress_message = NEW.progress_message
  WHERE state = 'blocked' AND id IN (SELECT job_id FROM derivation_waits WHERE maker_id = NEW.id);
END;
CREATE INDEX artifacts_by_tenant ON artifacts (tenant, path);
CREATE TRIGGER artifacts_count AFTER INSERT ON artifacts
WHEN NOT EXISTS (SELECT 1 FROM artifacts WHERE tenant = NEW.tenant AND path = NEW.path AND id <> NEW.id) BEGIN
  UPDATE tenants SET artifact_bytes = artifact_bytes + NEW.bytes WHERE name = NEW.tenant;
END;
CREATE TRIGGER artifacts_discount AFTER DELETE ON artifacts
WHEN NOT EXISTS (SELECT 1 FROM artifacts WHERE tenant = OLD.tenant AND path = OLD.path) BEGIN
  UPDATE tenants SET artifact_bytes = max(0, artifact_bytes - OLD.bytes) WHERE name = OLD.tenant;
END;
CREATE TRIGGER artifacts_stay BEFORE UPDATE OF job_id, tenant, path, bytes, sha256 ON artifacts BEGIN
  SELECT RAISE(ABORT, 'stepworks: an artifact is not changed; delete it and ask for it again');
END;
COMMIT;
PRAGMA application_id = 1398034519;
PRAGMA user_version = 3;
