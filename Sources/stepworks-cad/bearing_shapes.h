#pragma once

#include <TopoDS_Face.hxx>
#include <TopoDS_Shape.hxx>

namespace stepworks::bearing {

/// Dimensions of a 6204 after ISO 15 (boundary) and common practice (the rest), in mm.
inline constexpr double kBoreRadius = 10;
inline constexpr double kOuterRadius = 23.5;
inline constexpr double kHalfWidth = 7;
inline constexpr double kBallRadius = 3.969;  ///< 5/16 inch
inline constexpr double kPitchRadius = 16.75;
inline constexpr int kBalls = 9;
/// Groove radius over ball diameter; the usual osculation.
inline constexpr double kGrooveRadius = 0.515 * 2 * kBallRadius;
inline constexpr double kInnerShoulderRadius = 14.4;
inline constexpr double kOuterShoulderRadius = 19.2;
inline constexpr double kCornerRadius = 0.8;
inline constexpr double kBandInnerRadius = 20.3;
inline constexpr double kBandOuterRadius = 21.6;

TopoDS_Shape innerRing();
TopoDS_Shape outerRing();
/// The flat ring face between kBandInnerRadius and kBandOuterRadius on the +Z side.
TopoDS_Face bandFace(const TopoDS_Shape& outerRing);
/// A one-piece crown cage: pockets that hold the balls past their middle, open to one side.
TopoDS_Shape cage();
TopoDS_Shape ball();

}  // namespace stepworks::bearing
