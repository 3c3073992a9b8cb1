// Callbacks that outlive their object do nothing: timers, answers and finished work may come after
// the executor was destroyed (in the simulator it is, at any moment).
#pragma once

#include <memory>
#include <utility>

namespace rw::executor {

/// A member, declared last so that it ends first. One thread.
class Lifetime {
 public:
  template <class F>
  auto Bind(F f) const {
    return [token = std::weak_ptr<char>(token_), f = std::move(f)](auto&&... args) mutable {
      if (!token.expired()) f(std::forward<decltype(args)>(args)...);
    };
  }

 private:
  std::shared_ptr<char> token_ = std::make_shared<char>();
};

}  // namespace rw::executor
