// SPDX-License-Identifier: Apache-2.0
#include "page/html/icons.hpp"

namespace keyshift::page {

Html verdict_icon(std::string_view verdict_class) {
    Html html;
    html("<svg class=\"icon\" viewBox=\"0 0 24 24\" aria-hidden=\"true\" focusable=\"false\">");
    if (verdict_class == "safe") return html("<path d=\"M4 12.5l5.5 5.5L20 7\"/></svg>");
    if (verdict_class == "not_yet")
        return html("<circle cx=\"12\" cy=\"12\" r=\"9\"/><path d=\"M12 7v5.5l3.5 2\"/></svg>");
    if (verdict_class == "unsafe") return html("<path d=\"M6 6l12 12M18 6L6 18\"/></svg>");
    return html("<path d=\"M8.5 9a3.5 3.5 0 1 1 5 3.2c-1 .5-1.5 1.2-1.5 2.3M12 18v.5\"/></svg>");
}

}  // namespace keyshift::page
