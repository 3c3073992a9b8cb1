#include "base/mutant.h"

#ifdef RW_SIM_MUTANTS
#include <string>

namespace rw {
namespace {
std::string planted;
}
void PlantMutant(std::string_view name) { planted = name; }
bool MutantPlanted(std::string_view name) { return planted == name; }
}  // namespace rw
#endif
