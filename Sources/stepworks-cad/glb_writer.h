#pragma once

#include <string>

#include "glb_model.h"
#include "request.h"
#include "tessellation.h"

namespace stepworks {

/// The bytes of a GLB: metres, +Y up, the occurrence tree as nodes, one mesh per unique part, one
/// primitive per material. The same model gives the same bytes.
///
/// A STEP file knows colours, not materials. Greys (of low saturation, neither near black nor near
/// white) are taken for bare metal: metallicFactor 0.5, roughnessFactor 0.35, which reads as steel
/// under an environment map and stays grey without one, where a fully metallic surface is black.
/// Every other colour is taken for paint or plastic: 0 and 0.5. Faces without a colour are light
/// grey.
std::string serialiseGlb(const ProductTree& tree, const GlbModel& model, const Request& request,
                         const MeshSettings& settings);

}  // namespace stepworks
