#include "sim/world.h"

#include <cstring>

namespace rw::sim {

void SeededRandom::Fill(void* out, size_t size) {
  char* p = static_cast<char*>(out);
  while (size > 0) {
    uint64_t word = engine_();
    size_t n = size < sizeof word ? size : sizeof word;
    std::memcpy(p, &word, n);
    p += n;
    size -= n;
  }
}

void World::At(int64_t micros, std::string_view name, Task task) {
  events_.emplace(std::pair(std::max(micros, now_), order_++),
                  Event{std::string(name), std::move(task)});
}

bool World::Step(int64_t until) {
  if (events_.empty() || events_.begin()->first.first > until) return false;
  auto node = events_.extract(events_.begin());
  now_ = node.key().first;
  Trace(node.mapped().name);
  node.mapped().task();
  return true;
}

void World::Trace(std::string_view fact) {
  auto mix = [this](unsigned char c) { hash_ = (hash_ ^ c) * 1099511628211u; };
  for (char c : fact) mix(static_cast<unsigned char>(c));
  for (int shift = 0; shift < 64; shift += 8) mix(static_cast<unsigned char>(now_ >> shift));
}

void ProcessLoop::Post(std::string_view name, Task task) {
  world_.At(world_.now() + 1 + static_cast<int64_t>(world_.random.Below(20)),
            name_ + ":" + std::string(name), [alive = alive_, task = std::move(task)] {
              if (*alive) task();
            });
}

TimerId ProcessLoop::After(std::string_view name, std::chrono::microseconds delay, Task task) {
  TimerId id = next_timer_++;
  timers_->insert(id);
  world_.At(world_.now() + delay.count(), name_ + ":" + std::string(name),
            [alive = alive_, timers = timers_, id, task = std::move(task)] {
              if (*alive && timers->erase(id) > 0) task();
            });
  return id;
}

void ProcessLoop::Cancel(TimerId timer) { timers_->erase(timer); }

void InlinePool::Run(std::string_view name, Task work, Task done) {
  loop_.After(name, std::chrono::microseconds(50 + world_.random.Below(2000)),
              [work = std::move(work), done = std::move(done)] {
                work();
                done();
              });
}

}  // namespace rw::sim
