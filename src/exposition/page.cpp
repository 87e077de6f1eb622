// SPDX-License-Identifier: Apache-2.0
// One gzip member out of two deflate streams: the stable part ends on a byte boundary without a last block
// (Z_FULL_FLUSH), the volatile part begins with an empty window, so that it never refers back into it, and
// ends with the last block. The checksum of the whole continues the one of the stable part.
#include "exposition/page.hpp"

#include <new>
#include <utility>

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>
#include <zlib.h>

#include "exposition/drop_invalid.hpp"
#include "exposition/families/of_collectors.hpp"
#include "exposition/render.hpp"

namespace keyshift::exposition {
namespace {

/// Magic, deflate, no flags, no time, no extra flags, Unix.
constexpr std::string_view kGzipHeader("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03", 10);

/// Kept small: the page is 20 KB, and its volatile part 3 KB, deflated at every scrape.
struct Effort {
    int level;
    int window_bits;
    int memory_level;
};
constexpr Effort kStableEffort{6, 15, 8};
constexpr Effort kVolatileEffort{1, 12, 5};

std::uint32_t checksum(std::uint32_t before, std::string_view text) {
    const auto* bytes = reinterpret_cast<const Bytef*>(text.data());
    return static_cast<std::uint32_t>(::crc32_z(before, bytes, text.size()));
}

void append_little_endian(std::string& out, std::uint32_t value) {
    for (int byte = 0; byte < 4; ++byte) out += static_cast<char>((value >> (8 * byte)) & 0xFFU);
}

}  // namespace

/// zlib's deflate without any header, one text at a time.
class Page::Compressor {
 public:
    explicit Compressor(Effort effort) {
        if (::deflateInit2(&stream_, effort.level, Z_DEFLATED, -effort.window_bits, effort.memory_level,
                           Z_DEFAULT_STRATEGY) != Z_OK)
            throw std::bad_alloc();
    }
    ~Compressor() { ::deflateEnd(&stream_); }
    Compressor(const Compressor&) = delete;
    Compressor& operator=(const Compressor&) = delete;

    /// Appends `text` compressed, without reference to any before it. `flush`: Z_FULL_FLUSH or Z_FINISH.
    void append(std::string& out, std::string_view text, int flush) {
        ::deflateReset(&stream_);
        const std::size_t begin = out.size();
        out.resize(begin + ::deflateBound(&stream_, text.size()) + kFlushBytes);
        stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
        stream_.avail_in = static_cast<uInt>(text.size());
        stream_.next_out = reinterpret_cast<Bytef*>(out.data() + begin);
        stream_.avail_out = static_cast<uInt>(out.size() - begin);
        ::deflate(&stream_, flush);
        out.erase(out.size() - stream_.avail_out);
    }

 private:
    static constexpr std::size_t kFlushBytes = 16;  // an empty stored block, which deflateBound() leaves out
    z_stream stream_{};
};

Page::Page() = default;
Page::~Page() = default;

Snapshot::Snapshot(const prometheus::Collectable& of) : families_(of.Collect()) {}
Snapshot::~Snapshot() = default;
Snapshot::Snapshot(Snapshot&&) noexcept = default;
Snapshot& Snapshot::operator=(Snapshot&&) noexcept = default;

std::size_t Page::set_stable(Snapshot stable) {
    stable_ = std::move(stable.families_);
    const std::size_t dropped = drop_invalid(stable_);
    renderings_ = {};
    return dropped;
}

Body Page::body(const prometheus::Collectable& volatile_part, Dialect dialect, Encoding encoding) {
    Rendering& rendering = renderings_.at(static_cast<std::size_t>(dialect));
    if (!rendering.plain)
        rendering.plain = std::make_shared<const std::string>(Renderer(dialect).Serialize(stable_));
    return body_with(rendering, volatile_part, dialect, encoding);
}

Body Page::body_of(const std::set<std::string>& collectors, const prometheus::Collectable& volatile_part,
                   Dialect dialect, Encoding encoding) {
    Rendering rendering;
    rendering.plain =
        std::make_shared<const std::string>(Renderer(dialect).Serialize(families_of(stable_, collectors)));
    return body_with(rendering, volatile_part, dialect, encoding);
}

Body Page::body_with(Rendering& rendering, const prometheus::Collectable& volatile_part, Dialect dialect,
                     Encoding encoding) {
    std::string rest = Renderer(dialect).Serialize(volatile_part.Collect());
    render_end(dialect, rest);
    if (encoding == Encoding::gzip) return gzip_body(rendering, rest);
    return {rendering.plain, std::move(rest)};
}

Body Page::gzip_body(Rendering& rendering, std::string_view rest) {
    if (!rendering.compressed) {
        auto bytes = std::make_shared<std::string>(kGzipHeader);
        Compressor(kStableEffort).append(*bytes, *rendering.plain, Z_FULL_FLUSH);
        bytes->shrink_to_fit();
        rendering.checksum = checksum(0, *rendering.plain);
        rendering.compressed = std::move(bytes);
    }
    if (!compressor_) compressor_ = std::make_unique<Compressor>(kVolatileEffort);
    Body body{rendering.compressed, {}};
    compressor_->append(body.rest, rest, Z_FINISH);
    append_little_endian(body.rest, checksum(rendering.checksum, rest));
    append_little_endian(body.rest, static_cast<std::uint32_t>(rendering.plain->size() + rest.size()));
    return body;
}

}  // namespace keyshift::exposition
