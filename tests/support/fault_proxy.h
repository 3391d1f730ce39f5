// A proxy between pgring and a real server that misbehaves on command: connections are cut,
// refused, held up or slowed down at an exact byte of the conversation.
//
// It listens on a Unix socket in a directory of its own, named as PostgreSQL names it, and passes
// bytes to the server's. A thread with a poll loop does the work. Every function may be called from
// one other thread and has taken effect when it returns. Destroying the proxy cuts everything.
#ifndef PGRING_TESTS_SUPPORT_FAULT_PROXY_H_
#define PGRING_TESTS_SUPPORT_FAULT_PROXY_H_

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

namespace pgring {

// Bytes that stand in libpq's Bind message of a prepared statement without parameters, and nowhere
// else: the statement's name with its end, then the two counts, which are zero.
std::string BindOf(std::string_view statement);

class FaultProxy {
 public:
  enum class Direction { kToServer, kToClient };
  enum class CutWhen {
    kBeforeForwarding,  // the server never sees the message
    kAfterTheAnswer,    // the server has carried it out, and the client never learns of it
  };

  // `server_directory` holds the server's socket.
  FaultProxy(const std::string& server_directory, int server_port);
  ~FaultProxy();
  FaultProxy(const FaultProxy&) = delete;
  FaultProxy& operator=(const FaultProxy&) = delete;

  // For libpq: "host=<directory> port=… user=postgres dbname=postgres".
  std::string conninfo() const;

  // Closes every connection of now, in both directions.
  void CutAll();
  // How new connections are turned away, until Accept.
  enum class Refusal {
    kNobodyListens,  // ECONNREFUSED, as from a server that is down
    kStartingUp,     // as a server with German messages says it, SQLSTATE 57P03
  };
  void Refuse(Refusal refusal);
  void Accept();
  // No byte moves any more, on old connections and new ones; Resume ends that.
  void Stall();
  void Resume();
  // What is read from now on waits that long before it is passed on. 0: not at all.
  void Delay(int64_t delay_ns);
  // From now on bytes of that direction are passed one by one, on old connections and new ones: the
  // next when the other side has taken the one before, so that every read there gets one byte. For
  // short conversations.
  void PassSingleBytes(Direction direction);

  // The next `count` connections on which the client sends `bytes` are cut there.
  void CutOnMessage(const std::string& bytes, CutWhen when, int count);
  // The next `count` connections to be opened are cut when `byte_count` bytes have passed.
  void CutAfterBytes(Direction direction, int64_t byte_count, int count);
  // When clients have sent `bytes` `count` times more than they have, everything stalls before the
  // last of them are passed on.
  void StallOnMessage(const std::string& bytes, int64_t count = 1);

  // These wait, and return false when a minute and a half was not enough.
  // For that many connections to have been cut by CutOnMessage and CutAfterBytes.
  bool WaitForCuts(int64_t count);
  // For that many connections to have been turned away as kStartingUp.
  bool WaitForRefusals(int64_t count);
  // For StallOnMessage to have taken effect.
  bool WaitForStall();

  // Connections that clients have opened.
  int64_t accepted() const;
  // Bytes that were passed one by one.
  int64_t single_bytes() const;

 private:
  struct Chunk {
    int64_t due_ns = 0;
    std::string bytes;
  };
  // One direction of a connection.
  struct Flow {
    int from = -1;
    int to = -1;
    std::deque<Chunk> chunks;
    std::string tail;  // the last bytes, for a message that is split over two reads
    std::optional<int64_t> bytes_until_cut;
    Direction direction = Direction::kToServer;
    bool ended = false;
  };
  struct Link {
    Flow to_server;
    Flow to_client;
    bool cut_at_answer = false;
    bool refused = false;  // has no server; gets a refusal for its first message
    bool dead = false;
  };
  struct MessageCut {
    std::string bytes;
    CutWhen when = CutWhen::kBeforeForwarding;
    int count = 0;
  };
  struct ByteCut {
    Direction direction = Direction::kToServer;
    int64_t byte_count = 0;
    int count = 0;
  };

  void Listen();
  void Run();
  // Without the lock: waits until there is something to do.
  void WaitForWork(std::unique_lock<std::mutex>* lock);
  void AcceptOne();
  void ReadFlow(Link* link, Flow* flow);
  void ReadFromClient(Link* link, std::string* bytes);
  void ReadFromServer(Link* link, std::string* bytes);
  void WriteFlow(Link* link, Flow* flow);
  bool IsSingle(Direction direction) const {
    return direction == Direction::kToServer ? single_to_server_ : single_to_client_;
  }
  void CutAndCount(Link* link);
  static void Cut(Link* link);
  static void Close(const Link& link);
  void Wake() const;
  bool WaitFor(const std::function<bool()>& condition);

  const std::string server_path_;
  const int port_;
  std::string directory_;
  std::string listen_path_;
  int wake_fd_ = -1;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  int listen_fd_ = -1;  // -1: not listening
  bool starting_up_ = false;
  std::list<Link> links_;
  MessageCut message_cut_;
  ByteCut byte_cut_;
  std::string stall_bytes_;
  int64_t messages_until_stall_ = 0;
  bool stalled_ = false;
  bool stopping_ = false;
  int64_t delay_ns_ = 0;
  int64_t cuts_ = 0;
  int64_t refusals_ = 0;
  int64_t accepted_ = 0;
  bool single_to_server_ = false;
  bool single_to_client_ = false;
  int64_t single_bytes_ = 0;
  std::thread thread_;
};

}  // namespace pgring

#endif  // PGRING_TESTS_SUPPORT_FAULT_PROXY_H_
