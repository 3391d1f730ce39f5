#include "xml_fault.h"

#include <algorithm>
#include <vector>

namespace pgring {

std::string XmlFault(std::string_view xml) {
  std::vector<std::string> open;
  for (size_t at = 0; at < xml.size();) {
    if (xml[at] == '&') {
      const size_t end = xml.find(';', at);
      const std::string_view entity = xml.substr(at, end - at + 1);
      if (entity != "&amp;" && entity != "&lt;" && entity != "&gt;" && entity != "&quot;" &&
          entity != "&#39;") {
        return "entity " + std::string(entity.substr(0, 20));
      }
      at = end + 1;
      continue;
    }
    if (xml[at] != '<') {
      ++at;
      continue;
    }
    constexpr std::string_view kCdata = "<![CDATA[";
    if (xml.substr(at, kCdata.size()) == kCdata) {
      const size_t cdata_end = xml.find("]]>", at);
      if (cdata_end == std::string_view::npos) return "CDATA without an end";
      at = cdata_end + 3;
      continue;
    }
    const size_t end = xml.find('>', at);
    if (end == std::string_view::npos) return "a tag without an end";
    const std::string_view tag = xml.substr(at + 1, end - at - 1);
    if (tag.find('<') != std::string_view::npos) return "'<' in " + std::string(tag);
    if (std::count(tag.begin(), tag.end(), '"') % 2 != 0) return "quotes in " + std::string(tag);
    const std::string name(tag.substr(0, tag.find_first_of(" />", 1)));
    if (tag.front() == '/') {
      if (open.empty() || "/" + open.back() != name) return "unexpected " + name;
      open.pop_back();
    } else if (tag.back() != '/') {
      open.push_back(name);
    }
    at = end + 1;
  }
  return open.empty() ? "" : open.back() + " is not closed";
}

std::string PageFault(const std::string& html) {
  const std::string doctype = "<!DOCTYPE html>\n";
  if (!html.starts_with(doctype)) return "no doctype";
  return XmlFault(html.substr(doctype.size()));
}

}  // namespace pgring
