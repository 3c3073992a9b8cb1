// The files of a run's outputs and logs (backend/output_scan.h) by its folder.
#pragma once

#include "backend/output_scan.h"
#include "executor/run_folder.h"

namespace rw::executor {

using backend::FileStamp;
using backend::HashFile;
using backend::IsSameContent;
using backend::OutputFile;
using backend::OutputRecord;
using backend::OutputScan;

inline OutputScan ScanOutputs(os::FileSystem& fs, const RunFolder& folder) {
  return backend::ScanOutputs(fs, folder.work());
}
inline Result<OutputFile> OutputFileOf(os::FileSystem& fs, const RunFolder& folder,
                                       const std::string& name) {
  return backend::OutputFileOf(fs, folder.work(), name);
}
inline Status SaveRecord(os::FileSystem& fs, const RunFolder& folder, const OutputRecord& record) {
  return ReplaceFile(fs, folder.outputs(), record.Text());
}

}  // namespace rw::executor
