// SPDX-License-Identifier: Apache-2.0
// The page of metrics, at next to no cost per scrape: what changes with the model only is rendered and
// compressed once per change and kept; a scrape renders just the few families that are different every time,
// behind it. Used on one thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "exposition/dialect.hpp"
#include "exposition/negotiate.hpp"

namespace prometheus {
class Collectable;
struct MetricFamily;
}  // namespace prometheus

namespace keyshift::exposition {

/// The bytes of one response, in two parts that are sent one after the other.
struct Body {
    std::shared_ptr<const std::string> stable;  ///< never null; shared with the page and other bodies
    std::string rest;

    std::size_t size() const { return stable->size() + rest.size(); }
};

/// What a Collectable had when this was made; what changes later is not in it.
class Snapshot {
 public:
    explicit Snapshot(const prometheus::Collectable& of);
    ~Snapshot();
    Snapshot(Snapshot&&) noexcept;
    Snapshot& operator=(Snapshot&&) noexcept;

 private:
    friend class Page;
    friend std::string textfile(Snapshot snapshot, std::span<const std::string_view> left_out);
    std::vector<prometheus::MetricFamily> families_;
};

class Page {
 public:
    Page();
    ~Page();
    Page(const Page&) = delete;
    Page& operator=(const Page&) = delete;

    /// Replaces the families that stay the same from scrape to scrape; bodies given out keep theirs. Returns
    /// the number of samples that would have broken the page and were dropped (drop_invalid()). Renders
    /// nothing: that waits for the first scrape that wants it.
    std::size_t set_stable(Snapshot stable);

    /// The whole page. The families that `volatile_part` collects follow the stable ones; they must be fit
    /// (drop_invalid()) and none may have the name of a stable one. In gzip it is a single member, so that
    /// the strictest reader takes it. Throws std::bad_alloc only.
    Body body(const prometheus::Collectable& volatile_part, Dialect dialect, Encoding encoding);

    /// The same of some collectors only, see families_of(). Rendered for this one scrape.
    Body body_of(const std::set<std::string>& collectors, const prometheus::Collectable& volatile_part,
                 Dialect dialect, Encoding encoding);

 private:
    class Compressor;
    struct Rendering {
        std::shared_ptr<const std::string> plain;       ///< null until wanted
        std::shared_ptr<const std::string> compressed;  ///< gzip header and deflate blocks; null until wanted
        std::uint32_t checksum = 0;                     ///< of `plain`, with `compressed`
    };

    Body body_with(Rendering& rendering, const prometheus::Collectable& volatile_part, Dialect dialect,
                   Encoding encoding);
    Body gzip_body(Rendering& rendering, std::string_view rest);

    std::vector<prometheus::MetricFamily> stable_;
    std::array<Rendering, 2> renderings_;     // by Dialect
    std::unique_ptr<Compressor> compressor_;  // of the volatile part; made by the first scrape in gzip
};

}  // namespace keyshift::exposition
