// The tables of the metadata database.
#pragma once

#include <span>

#include "db/migrations.h"

namespace rw::meta {

/// Every migration, in order. One that was released is never edited.
std::span<const db::Migration> Migrations();

}  // namespace rw::meta
