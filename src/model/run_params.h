// Parameters of a run, as its arguments say them.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "json/value.h"

namespace rw::model {

/// `--lr 0.1`, `--lr=0.1` and `-b 32` are lr=0.1, b=32; an option that no value follows is "true".
/// What begins with `-` and a digit or a dot is a value. After `--` nothing is an option. Of a name
/// that is given twice the last one counts, as argparse has it. Values longer than 1,000 bytes and
/// names longer than 200 are no parameters.
std::map<std::string, std::string> ParamsOfArguments(const std::vector<std::string>& arguments);

/// `params` of a request: names of 1 to 200 bytes; texts, numbers and booleans, all kept as text of
/// at most 1,000 bytes. kInvalidArgument names the member.
Result<std::map<std::string, std::string>> ReadParams(const json::Value& body);

}  // namespace rw::model
