#include "bearing_shapes.h"

#include <BRepAlgoAPI_Cut.hxx>
#include <BRepBuilderAPI_MakeEdge.hxx>
#include <BRepBuilderAPI_MakeFace.hxx>
#include <BRepBuilderAPI_MakeWire.hxx>
#include <BRepGProp.hxx>
#include <BRepPrimAPI_MakeBox.hxx>
#include <BRepPrimAPI_MakeRevol.hxx>
#include <BRepPrimAPI_MakeSphere.hxx>
#include <GC_MakeArcOfCircle.hxx>
#include <GProp_GProps.hxx>
#include <TopExp_Explorer.hxx>
#include <TopTools_ListOfShape.hxx>
#include <TopoDS.hxx>
#include <TopoDS_Solid.hxx>
#include <cmath>
#include <gp_Ax1.hxx>
#include <gp_Ax2.hxx>

#include "failure.h"

namespace stepworks::bearing {

namespace {

constexpr double kPi = 3.14159265358979323846;

gp_Pnt at(double radius, double z) { return {radius, 0, z}; }

/// An outline in the half plane y = 0, x = radius, turned round the Z axis; its last point must be
/// its first.
class Profile {
 public:
  explicit Profile(const gp_Pnt& start) : last_(start) {}

  Profile& line(const gp_Pnt& to) {
    wire_.Add(BRepBuilderAPI_MakeEdge(last_, to));
    last_ = to;
    return *this;
  }

  Profile& arc(const gp_Pnt& through, const gp_Pnt& to) {
    wire_.Add(BRepBuilderAPI_MakeEdge(GC_MakeArcOfCircle(last_, through, to).Value()));
    last_ = to;
    return *this;
  }

  /// A quarter circle that rounds a corner at `corner` (the point where the sides would meet).
  Profile& round(const gp_Pnt& corner, const gp_Pnt& to) {
    const gp_XYZ centre = last_.XYZ() + to.XYZ() - corner.XYZ();
    const gp_XYZ outward = (corner.XYZ() - centre).Normalized();
    return arc(gp_Pnt(centre + outward * gp_Pnt(centre).Distance(last_)), to);
  }

  TopoDS_Shape revolve() {
    const gp_Ax1 axis(gp_Pnt(), gp::DZ());
    return BRepPrimAPI_MakeRevol(BRepBuilderAPI_MakeFace(wire_.Wire()).Face(), axis).Shape();
  }

 private:
  BRepBuilderAPI_MakeWire wire_;
  gp_Pnt last_;
};

/// Half the width of a groove of kGrooveRadius, with its middle at `centre`, where it meets the
/// shoulder.
double grooveHalfWidth(double centre, double shoulder) {
  const double depth = centre - shoulder;
  return std::sqrt(kGrooveRadius * kGrooveRadius - depth * depth);
}

TopoDS_Shape cut(const TopoDS_Shape& body, const TopTools_ListOfShape& tools) {
  TopTools_ListOfShape arguments;
  arguments.Append(body);
  BRepAlgoAPI_Cut operation;
  operation.SetArguments(arguments);
  operation.SetTools(tools);
  operation.Build();
  TopExp_Explorer solids(operation.Shape(), TopAbs_SOLID);
  if (operation.HasErrors() || !solids.More()) throw ownFault("The sample cage cannot be built.");
  return solids.Current();
}

double ballAngle(double number) { return 2 * kPi * number / kBalls; }

}  // namespace

TopoDS_Shape innerRing() {
  const double w = kHalfWidth, c = kCornerRadius, shoulder = kInnerShoulderRadius;
  const double centre = kPitchRadius - kBallRadius + kGrooveRadius;
  const double groove = grooveHalfWidth(centre, shoulder);
  return Profile(at(kBoreRadius, -w + c))
      .line(at(kBoreRadius, w - c))
      .round(at(kBoreRadius, w), at(kBoreRadius + c, w))
      .line(at(shoulder - 0.3, w))
      .round(at(shoulder, w), at(shoulder, w - 0.3))
      .line(at(shoulder, groove))
      .arc(at(centre - kGrooveRadius, 0), at(shoulder, -groove))
      .line(at(shoulder, -w + 0.3))
      .round(at(shoulder, -w), at(shoulder - 0.3, -w))
      .line(at(kBoreRadius + c, -w))
      .round(at(kBoreRadius, -w), at(kBoreRadius, -w + c))
      .revolve();
}

TopoDS_Shape outerRing() {
  const double w = kHalfWidth, c = kCornerRadius, shoulder = kOuterShoulderRadius;
  const double centre = kPitchRadius + kBallRadius - kGrooveRadius;
  const double groove = grooveHalfWidth(centre, shoulder);
  return Profile(at(kOuterRadius, -w + c))
      .line(at(kOuterRadius, w - c))
      .round(at(kOuterRadius, w), at(kOuterRadius - c, w))
      .line(at(kBandOuterRadius, w))
      .line(at(kBandInnerRadius, w))
      .line(at(shoulder + 0.3, w))
      .round(at(shoulder, w), at(shoulder, w - 0.3))
      .line(at(shoulder, groove))
      .arc(at(centre + kGrooveRadius, 0), at(shoulder, -groove))
      .line(at(shoulder, -w + 0.3))
      .round(at(shoulder, -w), at(shoulder + 0.3, -w))
      .line(at(kOuterRadius - c, -w))
      .round(at(kOuterRadius, -w), at(kOuterRadius, -w + c))
      .revolve();
}

TopoDS_Face bandFace(const TopoDS_Shape& outerRing) {
  const double area =
      kPi * (kBandOuterRadius * kBandOuterRadius - kBandInnerRadius * kBandInnerRadius);
  for (TopExp_Explorer faces(outerRing, TopAbs_FACE); faces.More(); faces.Next()) {
    GProp_GProps properties;
    BRepGProp::SurfaceProperties(faces.Current(), properties);
    const bool isOnSide = std::abs(properties.CentreOfMass().Z() - kHalfWidth) < 1e-6;
    if (isOnSide && std::abs(properties.Mass() - area) < 1e-3) return TopoDS::Face(faces.Current());
  }
  throw ownFault("The sample's coloured face cannot be found.");
}

TopoDS_Shape cage() {
  const double inner = 15.2, outer = 18.3, low = -5.6, land = 0.2, top = 2.2;
  const double pocket = kBallRadius + 0.12;
  const TopoDS_Shape blank = Profile(at(inner, low))
                                 .line(at(inner, top))
                                 .line(at(outer, top))
                                 .line(at(outer, low))
                                 .line(at(inner, low))
                                 .revolve();
  TopTools_ListOfShape tools;
  for (int i = 0; i < kBalls; ++i) {
    const double a = ballAngle(i);
    const gp_Pnt middle(kPitchRadius * std::cos(a), kPitchRadius * std::sin(a), 0);
    tools.Append(BRepPrimAPI_MakeSphere(middle, pocket).Shape());
    // Between two balls the ring is lower, which leaves a pair of prongs round each pocket.
    const double b = ballAngle(i + 0.5);
    const gp_Dir along(std::cos(b), std::sin(b), 0);
    const gp_Dir across(-std::sin(b), std::cos(b), 0);
    const gp_Pnt corner(along.XYZ() * (inner - 1) - across.XYZ() * 0.9 + gp_XYZ(0, 0, land));
    tools.Append(
        BRepPrimAPI_MakeBox(gp_Ax2(corner, gp::DZ(), along), outer - inner + 2, 1.8, 5).Shape());
  }
  return cut(blank, tools);
}

TopoDS_Shape ball() { return BRepPrimAPI_MakeSphere(kBallRadius).Shape(); }

}  // namespace stepworks::bearing
