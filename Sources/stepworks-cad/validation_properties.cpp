#include "validation_properties.h"

#include <XCAFDoc_Area.hxx>
#include <XCAFDoc_Centroid.hxx>
#include <XCAFDoc_Volume.hxx>
#include <cmath>

namespace stepworks {

DeclaredGeometry declaredGeometry(const Product& product) {
  DeclaredGeometry declared;
  std::vector<TDF_Label> labels = product.pieces;
  labels.insert(labels.begin(), product.label);
  for (const TDF_Label& label : labels) {
    double number = 0;
    gp_Pnt point;
    if (XCAFDoc_Volume::Get(label, number) && std::isfinite(number)) declared.volume = number;
    if (XCAFDoc_Area::Get(label, number) && std::isfinite(number)) declared.area = number;
    if (XCAFDoc_Centroid::Get(label, point) && std::isfinite(point.SquareDistance(gp_Pnt()))) {
      declared.centroid = point;
    }
  }
  return declared;
}

}  // namespace stepworks
