// Planted mutants: bugs put in on purpose, in the simulator's build only, to prove that it would
// catch them.
#pragma once

#include <string_view>

namespace rw {

#ifdef RW_SIM_MUTANTS
/// Set once by the simulator before a seed runs; "" plants none.
void PlantMutant(std::string_view name);
bool MutantPlanted(std::string_view name);
#else
constexpr bool MutantPlanted(std::string_view) { return false; }
#endif

}  // namespace rw
