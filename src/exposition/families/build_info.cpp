// SPDX-License-Identifier: Apache-2.0
// Compiled by itself: it alone changes with each commit.
#include "exposition/families/build_info.hpp"

#include "exposition/families/build.hpp"
#include "revision.hpp"

namespace keyshift::exposition {
namespace {

#ifdef __clang__
constexpr const char* kCompiler = "clang " __clang_version__;
#else
constexpr const char* kCompiler = "gcc " __VERSION__;
#endif

}  // namespace

void append_build_info(std::vector<prometheus::MetricFamily>& out) {
    prometheus::MetricFamily info =
        build::family(prometheus::MetricType::Gauge, "keyshift_build_info",
                      "Version of keyshift, revision of its source, and the compiler that built it.");
    build::add(info,
               {{"version", KEYSHIFT_VERSION}, {"revision", KEYSHIFT_REVISION}, {"compiler", kCompiler}}, 1);
    out.push_back(std::move(info));
}

}  // namespace keyshift::exposition
