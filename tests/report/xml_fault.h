// A check of the XML that the reports write.
#ifndef PGRING_TESTS_REPORT_XML_FAULT_H_
#define PGRING_TESTS_REPORT_XML_FAULT_H_

#include <string>
#include <string_view>

namespace pgring {

// What is wrong with `xml`, empty when nothing: tags nest, attributes are quoted, and text holds no
// bare '<' or '&'. As much of XML 1.0 as our own writer uses.
std::string XmlFault(std::string_view xml);

// The same of a page: everything after its doctype is well-formed XML too.
std::string PageFault(const std::string& html);

}  // namespace pgring

#endif  // PGRING_TESTS_REPORT_XML_FAULT_H_
