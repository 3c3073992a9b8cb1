// What the database says must be among the blobs.
#pragma once

#include <functional>
#include <string>

#include "cas/blob_store.h"
#include "db/connection.h"

namespace rw::keep {

struct BlobReference {
  cas::Digest digest;
  std::string owner;  // "run digits_1", "model digits:3", "snapshot of run digits_1", …
  std::string name;   // the file; "" for a folder of a snapshot, a lock
};

/// "outputs/m.pkl of run digits_1".
std::string Describe(const BlobReference& reference);

using VisitReference = std::function<Status(const BlobReference&)>;

/// Every blob that a run, model, environment or snapshot names, each once. A folder of a snapshot
/// comes before what is in it, and is read from `store` after its visit; one that cannot be read is
/// passed over with all below it: the visitor has seen its digest. An error of `visit` ends the
/// walk.
Status WalkReferences(db::Connection& db, cas::BlobStore& store, const VisitReference& visit);

/// What a collection leaves: without runs deleted up to `deleted_us`, and without snapshots made up
/// to `snapshot_us` that no run and no model has.
struct Leaving {
  int64_t deleted_us = -1;
  int64_t snapshot_us = -1;
};
/// `unreadable`: a folder of a snapshot that could not be read, "" where there is none.
Status WalkReferences(db::Connection& db, cas::BlobStore& store, const Leaving& leaving,
                      const VisitReference& visit, std::string* unreadable);

}  // namespace rw::keep
