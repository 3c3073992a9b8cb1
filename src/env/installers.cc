#include "env/installers.h"

namespace rw::env {
namespace {

class Installers final : public Installer {
 public:
  explicit Installers(InstallerParts parts) : parts_(std::move(parts)) {}

  Result<std::optional<Interpreter>> Known(const std::string& asked) override {
    return parts_.uv->Known(asked);
  }
  void Find(const std::string& asked, Done<Interpreter> done) override {
    parts_.uv->Find(asked, std::move(done));
  }
  std::optional<std::vector<std::string>> KnownPackages(const std::string& path) override {
    return parts_.uv->KnownPackages(path);
  }
  void Facts(FactsWanted wanted, Done<NodeFacts> done) override {
    parts_.uv->Facts(std::move(wanted), std::move(done));
  }
  void Choose(const EnvironmentSpec& spec, Progress progress, Done<PythonChoice> done) override {
    Of(spec).Choose(spec, std::move(progress), std::move(done));
  }
  bool IsThere(const EnvironmentSpec& spec, const Interpreter& python) override {
    return Of(spec).IsThere(spec, python);
  }
  void Resolve(ResolveRequest request, Progress progress, Done<Resolved> done) override {
    EnvironmentMaker& maker = Of(request.spec);
    maker.Resolve(std::move(request), std::move(progress), std::move(done));
  }
  void Build(BuildRequest request, Progress progress, Done<BuildFacts> done) override {
    EnvironmentMaker& maker = Of(request.spec);
    maker.Build(std::move(request), std::move(progress), std::move(done));
  }
  bool IsPublished(const std::string& build_id) override { return MakerOf(build_id) != nullptr; }
  std::string BuildFolder(const std::string& build_id) const override {
    return parts_.uv->BuildFolder(build_id);
  }
  BuildUse UseOf(const std::string& build_id) const override {
    const EnvironmentMaker* maker = MakerOf(build_id);
    return maker != nullptr ? maker->UseOf(build_id) : parts_.uv->UseOf(build_id);
  }
  std::string Platform() const override { return parts_.uv->Platform(); }
  void Retiring(const std::string& build_id) override {
    if (EnvironmentMaker* maker = MakerOf(build_id)) maker->Retiring(build_id);
  }
  std::string SaveState() override { return parts_.uv->SaveState(); }
  void LoadState(const std::string& text) override { parts_.uv->LoadState(text); }

 private:
  EnvironmentMaker& Of(const EnvironmentSpec& spec) const {
    if (parts_.images && !spec.image.empty()) return *parts_.images;
    if (parts_.conda && spec.kind == EnvironmentSpec::Kind::kConda) return *parts_.conda;
    return *parts_.uv;
  }
  EnvironmentMaker* MakerOf(const std::string& build_id) const {
    EnvironmentMaker* makers[] = {parts_.conda.get(), parts_.uv.get(), parts_.images.get()};
    for (EnvironmentMaker* maker : makers)
      if (maker != nullptr && maker->IsPublished(build_id)) return maker;
    return nullptr;
  }

  InstallerParts parts_;
};

}  // namespace

bool NeedsBuild(const EnvironmentSpec& spec) {
  return spec.kind != EnvironmentSpec::Kind::kInterpreter || !spec.image.empty();
}

std::unique_ptr<Installer> MakeInstallers(InstallerParts parts) {
  return std::make_unique<Installers>(std::move(parts));
}

}  // namespace rw::env
