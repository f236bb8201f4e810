#pragma once

#include "json.h"
#include "tessellation.h"
#include "triangle_sums.h"

namespace stepworks {

/// How far two descriptions of one shape may be apart; lengths in mm.
namespace tolerance {

/// Of a volume or an area: sound, widely used files declare areas that are off by 0.14 %.
inline constexpr double kDeclaredShare = 5e-3;
/// Of the diagonal, for a declared centroid.
inline constexpr double kCentroidShare = 1e-3;
/// A chord holds for most triangles, not for all.
inline constexpr double kChords = 2;

/// Volume of a mesh against that of its surfaces: 2 chords times the area.
double meshVolume(const MeshSettings& settings, double areaMm2);
/// Area of a mesh against that of its surfaces: angle²/6 + chord/r of it, r the radius of a ball
/// of that area. (A curve of radius r loses θ²/24 of its length at facets θ apart, chord/(3 r) at
/// a given chord; a surface loses it in two directions; doubled, and summed because small features
/// obey only one of the two.)
double meshArea(const MeshSettings& settings, double areaMm2);

/// What rounding to 32-bit floats can move a corner by.
double storedPoint(const TriangleSums& mesh);
double storedPoint(double reachMm);
/// What it can change a mesh's volume or area by, with 0.0001 % for triangles too thin to be
/// stored.
double storedVolume(const TriangleSums& mesh);
double storedArea(const TriangleSums& mesh);

/// The same in words, for the reader of a report.
Json inWords();

}  // namespace tolerance

}  // namespace stepworks
