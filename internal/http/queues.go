package http

import (
	"net/http"

	"posthorn/internal/http/wire"
	"posthorn/internal/queues"
)

// shownSlots is how many of the next slots come with a queue.
const shownSlots = 10

// queueHandlers keep queues.
func (s *Server) queueHandlers() map[string]handler {
	return map[string]handler{
		"listQueueSlots":   s.listQueues,
		"createQueueSlot":  s.createQueue,
		"updateQueueSlot":  s.updateQueue,
		"deleteQueueSlot":  s.deleteQueues,
		"previewQueue":     s.previewQueue,
		"getNextQueueSlot": s.nextQueueSlot,
	}
}

func (s *Server) listQueues(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	list, err := s.cfg.Queues.List(r.Context(), principalOf(r), q.Get("profileId"))
	if err != nil {
		return err
	}
	if q.Get("all") == "true" {
		out := wire.QueueList{Queues: make([]wire.QueueSchedule, 0, len(list)), Count: len(list)}
		for _, queue := range list {
			out.Queues = append(out.Queues, schedule(queue))
		}
		s.write(w, r, http.StatusOK, out)
		return nil
	}
	out := wire.QueueFound{NextSlots: wire.NextSlots{}}
	for _, queue := range list {
		if id := q.Get("queueId"); id == queue.ID || id == "" && queue.IsDefault {
			out = wire.QueueFound{Exists: true, Schedule: schedule(queue), NextSlots: s.nextSlots(queue)}
		}
	}
	s.write(w, r, http.StatusOK, out)
	return nil
}

func (s *Server) createQueue(w http.ResponseWriter, r *http.Request) error {
	var in wire.CreateQueueRequest
	if err := decode(r, &in); err != nil {
		return err
	}
	queue, err := s.cfg.Queues.Create(r.Context(), principalOf(r), queues.Settings{ProfileID: in.ProfileID, Name: in.Name, Timezone: in.Timezone,
		Slots: slots(in.Slots), Active: in.Active == nil || *in.Active})
	if err != nil {
		return err
	}
	s.write(w, r, http.StatusCreated, wire.CreatedQueue{Success: true, Schedule: schedule(queue), NextSlots: s.nextSlots(queue)})
	return nil
}

func (s *Server) updateQueue(w http.ResponseWriter, r *http.Request) error {
	var in wire.UpdateQueueRequest
	if err := decode(r, &in); err != nil {
		return err
	}
	done, err := s.cfg.Queues.Update(r.Context(), principalOf(r), queues.Change{
		Settings: queues.Settings{ProfileID: in.ProfileID, Name: in.Name, Timezone: in.Timezone, Slots: slots(in.Slots), Active: in.Active == nil || *in.Active},
		QueueID:  in.QueueID, SetAsDefault: in.SetAsDefault, Reshuffle: in.ReshuffleExisting,
	})
	if err != nil {
		return err
	}
	s.write(w, r, http.StatusOK, wire.UpdatedQueue{Success: true, Schedule: schedule(done.Queue), NextSlots: s.nextSlots(done.Queue),
		ReshuffledCount: done.Moved, IsNewQueue: done.Made})
	return nil
}

func (s *Server) deleteQueues(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	n, err := s.cfg.Queues.Delete(r.Context(), principalOf(r), q.Get("profileId"), q.Get("queueId"))
	if err != nil {
		return err
	}
	out := wire.DeletedQueues{Success: true, Deleted: n > 0, DeletedCount: n, Message: "Queue deleted successfully"}
	switch {
	case n == 0:
		out.Message = "The profile has no queue"
	case n > 1:
		out.Message = "Queues deleted successfully"
	}
	s.write(w, r, http.StatusOK, out)
	return nil
}

func (s *Server) previewQueue(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	queue, err := s.cfg.Queues.Find(r.Context(), principalOf(r), q.Get("profileId"), q.Get("queueId"))
	if err != nil {
		return err
	}
	list := queue.Upcoming(s.cfg.Now(), number(q, "count", 20))
	s.write(w, r, http.StatusOK, wire.QueuePreview{ProfileID: queue.ProfileID, QueueID: queue.ID, QueueName: queue.Name, Count: len(list), Slots: list})
	return nil
}

func (s *Server) nextQueueSlot(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	queue, slot, err := s.cfg.Queues.NextSlot(r.Context(), principalOf(r), q.Get("profileId"), q.Get("queueId"))
	if err != nil {
		return err
	}
	s.write(w, r, http.StatusOK, wire.NextQueueSlot{ProfileID: queue.ProfileID, NextSlot: slot, Timezone: queue.Timezone, QueueID: queue.ID, QueueName: queue.Name})
	return nil
}

func schedule(q queues.Queue) wire.QueueSchedule {
	out := wire.QueueSchedule{ID: q.ID, ProfileID: q.ProfileID, Name: q.Name, Timezone: q.Timezone, Slots: make([]wire.QueueSlot, 0, len(q.Slots)),
		Active: q.Active, IsDefault: q.IsDefault, CreatedAt: wire.At(&q.CreatedAt), UpdatedAt: wire.At(&q.UpdatedAt)}
	for _, slot := range q.Slots {
		out.Slots = append(out.Slots, wire.QueueSlot{DayOfWeek: slot.DayOfWeek, Time: slot.Time})
	}
	return out
}

func slots(in []wire.QueueSlot) []queues.Slot {
	list := make([]queues.Slot, 0, len(in))
	for _, slot := range in {
		list = append(list, queues.Slot{DayOfWeek: slot.DayOfWeek, Time: slot.Time})
	}
	return list
}

func (s *Server) nextSlots(q queues.Queue) wire.NextSlots {
	if !q.Active {
		return wire.NextSlots{}
	}
	return q.Upcoming(s.cfg.Now(), shownSlots)
}
