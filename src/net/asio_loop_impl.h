// Inside of AsioLoop, for the files that need Asio itself.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>
#include <optional>

#include "net/asio_loop.h"

namespace rw::net {

struct AsioLoop::Impl {
  std::optional<boost::asio::io_context> io{1};
  std::optional<boost::asio::executor_work_guard<boost::asio::io_context::executor_type>> work;
  std::map<TimerId, boost::asio::steady_timer> timers;
  std::optional<boost::asio::signal_set> signals;
  TimerId next_timer = 1;
  bool closing = false;  // tasks that die with the loop may still call into it
};

}  // namespace rw::net
