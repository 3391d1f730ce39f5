// A FIFO whose links live inside the elements: pushing and removing never allocate, and an element
// that is destroyed takes itself off whatever list it is on. The ready queue, semaphore and pool
// waiters are such lists.
//
// The list does not own its elements. Not thread-safe. Nothing here can fail.
#ifndef PGRING_BASE_INTRUSIVE_LIST_H_
#define PGRING_BASE_INTRUSIVE_LIST_H_

#include "pgring/base/check.h"

namespace pgring {

template <typename T, typename Tag>
class IntrusiveList;

// Base class of an element. `Tag` tells apart the lists that one object can be on at once.
template <typename Tag = void>
class ListHook {
 public:
  ListHook() = default;
  ~ListHook() { Unlink(); }
  ListHook(const ListHook&) = delete;
  ListHook& operator=(const ListHook&) = delete;

  bool linked() const { return next_ != nullptr; }

  // Takes the element off its list; does nothing when it is on none.
  void Unlink() {
    if (!linked()) return;
    previous_->next_ = next_;
    next_->previous_ = previous_;
    previous_ = nullptr;
    next_ = nullptr;
  }

 private:
  template <typename T, typename OtherTag>
  friend class IntrusiveList;

  ListHook* previous_ = nullptr;
  ListHook* next_ = nullptr;
};

template <typename T, typename Tag = void>
class IntrusiveList {
 public:
  IntrusiveList() { Reset(); }
  ~IntrusiveList() {
    while (!empty()) PopFront();
  }
  IntrusiveList(const IntrusiveList&) = delete;
  IntrusiveList& operator=(const IntrusiveList&) = delete;

  bool empty() const { return head_.next_ == &head_; }

  T* front() const { return empty() ? nullptr : FromHook(head_.next_); }

  void PushBack(T* element) { InsertBefore(&head_, element); }
  void PushFront(T* element) { InsertBefore(head_.next_, element); }

  // Into a list that is sorted by `comes_before`, behind its equals. Looks from the end: an element
  // that belongs there, as nearly all do, costs one comparison however long the list is.
  template <typename ComesBefore>
  void InsertSorted(T* element, ComesBefore comes_before) {
    ListHook<Tag>* position = &head_;
    while (position->previous_ != &head_ &&
           comes_before(*element, *FromHook(position->previous_))) {
      position = position->previous_;
    }
    InsertBefore(position, element);
  }

  // Returns nullptr when empty.
  T* PopFront() {
    T* element = front();
    if (element != nullptr) static_cast<ListHook<Tag>*>(element)->Unlink();
    return element;
  }

  // Moves every element of `other` to the end of this list, in order.
  void TakeAll(IntrusiveList* other) {
    if (other->empty()) return;
    ListHook<Tag>* first = other->head_.next_;
    ListHook<Tag>* last = other->head_.previous_;
    other->Reset();
    first->previous_ = head_.previous_;
    head_.previous_->next_ = first;
    last->next_ = &head_;
    head_.previous_ = last;
  }

  // Calls `visit` for each element; `visit` may unlink the element that it is given, no other.
  template <typename Visitor>
  void ForEach(Visitor visit) const {
    for (ListHook<Tag>* hook = head_.next_; hook != &head_;) {
      ListHook<Tag>* next = hook->next_;
      visit(FromHook(hook));
      hook = next;
    }
  }

 private:
  static T* FromHook(ListHook<Tag>* hook) { return static_cast<T*>(hook); }

  void Reset() {
    head_.previous_ = &head_;
    head_.next_ = &head_;
  }

  void InsertBefore(ListHook<Tag>* position, T* element) {
    ListHook<Tag>* hook = element;
    PGRING_CHECK(!hook->linked(), "an element can be on one list at a time");
    hook->previous_ = position->previous_;
    hook->next_ = position;
    position->previous_->next_ = hook;
    position->previous_ = hook;
  }

  mutable ListHook<Tag> head_;
};

}  // namespace pgring

#endif  // PGRING_BASE_INTRUSIVE_LIST_H_
