package report

import (
	"context"
	"slices"
	"strings"

	"fieldboard.dev/fieldboard/shared/record"
	"fieldboard.dev/fieldboard/shared/rollup"
)

// people returns those of the account, which are read once.
func (r *reading) people(ctx context.Context) ([]*record.User, error) {
	if r.users == nil {
		users, err := r.records.Users(ctx, r.account.ID)
		if err != nil {
			return nil, err
		}
		r.users = users
		r.expect(int64(len(users)))
		r.read(len(users))
	}
	return r.users, nil
}

func userNamed(users []*record.User, id string) *record.User {
	i := slices.IndexFunc(users, func(u *record.User) bool { return u.ID == id })
	if i < 0 {
		return nil
	}
	return users[i]
}

// visited tells whether a visit is in the report.
func (r *reading) visited(v *record.Visit, users []*record.User) bool {
	f := r.order.Filters
	switch {
	case v.StartAt == nil || !r.inPeriod(*v.StartAt):
		return false
	case f.Client != "" && v.ClientID != f.Client, f.Person != "" && !slices.Contains(v.UserIDs, f.Person), f.Status != "" && string(v.State(r.now)) != f.Status:
		return false
	case f.Team == "":
		return true
	}
	return slices.ContainsFunc(v.UserIDs, func(id string) bool {
		u := userNamed(users, id)
		return u != nil && u.Team == f.Team
	})
}

func visitRow(start Value, sums []int64) Row {
	return Row{start, number(sums[0]), number(sums[1]), share(sums[1], sums[0])}
}

func visitsByTime(ctx context.Context, r *reading) rows {
	if r.order.Filters.none() {
		return r.stepsOfDays(ctx, func(f rollup.Figures) []int64 { return []int64{f.Visits.Total, f.Visits.Completed} }, visitRow)
	}
	users, err := r.people(ctx)
	if err != nil {
		return failed(err)
	}
	sums := tally{}
	err = every(ctx, r, record.Visits, "startAt", nil, func(v *record.Visit) {
		if r.visited(v, users) {
			sums.add(r.stepKey(*v.StartAt), 1, truth(v.IsComplete))
		}
	})
	if err != nil {
		return failed(err)
	}
	return sums.bySteps(r, 2, visitRow)
}

func truth(is bool) int64 {
	if is {
		return 1
	}
	return 0
}

// visitsByName sums visits by client, by person or by team.
func visitsByName(ctx context.Context, r *reading) rows {
	users, err := r.people(ctx)
	if err != nil {
		return failed(err)
	}
	sums, names := tally{}, map[string]string{}
	err = every(ctx, r, record.Visits, "startAt", nil, func(v *record.Visit) {
		if !r.visited(v, users) {
			return
		}
		each, all := v.Minutes(), v.Minutes()*int64(len(v.UserIDs))
		if r.order.Grouping == "client" {
			sums.add(v.ClientID, 1, truth(v.IsComplete), all, all*truth(v.IsComplete))
			return
		}
		seen := map[string]bool{}
		for _, id := range v.UserIDs {
			key, name, counted := r.crewOf(users, id)
			if !counted {
				continue
			}
			names[key] = name
			sums.add(key, truth(!seen[key]), truth(!seen[key] && v.IsComplete), each, each*truth(v.IsComplete))
			seen[key] = true
		}
		if len(v.UserIDs) == 0 && r.order.Filters.Person == "" && r.order.Filters.Team == "" {
			names[""] = "(nobody)"
			sums.add("", 1, truth(v.IsComplete), 0, 0)
		}
	})
	if err != nil {
		return failed(err)
	}
	rowOf := func(name string, sums []int64) Row { return numbersAfter(text(name), sums) }
	if r.order.Grouping == "client" {
		return sums.byClient(ctx, r, 0, rowOf)
	}
	return sums.byName(names, 0, rowOf)
}

// crewOf returns whose row a person's time of a visit is in, and whether the filters leave it.
func (r *reading) crewOf(users []*record.User, id string) (key, name string, counted bool) {
	u, f := userNamed(users, id), r.order.Filters
	if u == nil {
		u = &record.User{Meta: record.Meta{ID: id}, Name: "(unknown)"}
	}
	if f.Team != "" && u.Team != f.Team || f.Person != "" && id != f.Person {
		return "", "", false
	}
	if r.order.Grouping == "person" {
		return id, u.Name, true
	}
	if u.Team == "" {
		return "none", "(no team)", true
	}
	return "team " + u.Team, u.TeamName, true
}

var visitStates = map[record.VisitState]string{
	record.Completed: "Completed", record.Late: "Late", record.InProgress: "In progress", record.Upcoming: "Upcoming", record.Unscheduled: "Unscheduled",
}

func visitsByVisit(ctx context.Context, r *reading) rows {
	users, err := r.people(ctx)
	if err != nil {
		return failed(err)
	}
	pages := r.pages(ctx, record.Visits, "startAt", nil)
	return each(ctx, r, pages, func(v *record.Visit) string { return v.ClientID }, func(v *record.Visit, client string) Row {
		if !r.visited(v, users) {
			return nil
		}
		return Row{
			moment(v.StartAt), moment(v.EndAt), text(client), text(v.Title), text(namesOf(users, v.UserIDs)), text(visitStates[v.State(r.now)]), number(v.Minutes()),
		}
	})
}

func namesOf(users []*record.User, ids []string) string {
	var names []string
	for _, id := range ids {
		if u := userNamed(users, id); u != nil {
			names = append(names, u.Name)
		}
	}
	return strings.Join(names, ", ")
}

// jobStatuses are Jobber's JobStatusTypeEnum.
var jobStatuses = []Status{
	{"active", "Active"}, {"upcoming", "Upcoming"}, {"today", "Today"}, {"late", "Late"}, {"unscheduled", "Unscheduled"},
	{"action_required", "Action required"}, {"on_hold", "On hold"}, {"requires_invoicing", "Requires invoicing"},
	{"expiring_within_30_days", "Expiring within 30 days"}, {"archived", "Archived"},
}

// labelOf returns what a person calls a status.
func labelOf(statuses []Status, id string) string {
	for _, s := range statuses {
		if s.ID == id {
			return s.Label
		}
	}
	return strings.ReplaceAll(id, "_", " ")
}

func (r *reading) started(j *record.Job) bool {
	f := r.order.Filters
	return j.StartAt != nil && r.inPeriod(*j.StartAt) && (f.Client == "" || j.ClientID == f.Client) && (f.Status == "" || j.Status == f.Status)
}

func (r *reading) jobs(ctx context.Context, key func(*record.Job) string) (tally, error) {
	sums := tally{}
	err := every(ctx, r, record.Jobs, "startAt", nil, func(j *record.Job) {
		if r.started(j) {
			sums.add(key(j), 1, truth(j.CompletedAt != nil), j.TotalCents, j.UninvoicedCents)
		}
	})
	return sums, err
}

func jobsByMonth(ctx context.Context, r *reading) rows {
	sums, err := r.jobs(ctx, func(j *record.Job) string { return r.stepKey(*j.StartAt) })
	if err != nil {
		return failed(err)
	}
	return sums.bySteps(r, 4, numbersAfter)
}

func jobsByClient(ctx context.Context, r *reading) rows {
	sums, err := r.jobs(ctx, func(j *record.Job) string { return j.ClientID })
	if err != nil {
		return failed(err)
	}
	return sums.byClient(ctx, r, 0, func(name string, sums []int64) Row { return numbersAfter(text(name), sums) })
}

func jobsByJob(ctx context.Context, r *reading) rows {
	pages := r.pages(ctx, record.Jobs, "startAt", nil)
	return each(ctx, r, pages, func(j *record.Job) string { return j.ClientID }, func(j *record.Job, client string) Row {
		if !r.started(j) {
			return nil
		}
		return Row{
			text(j.Number), text(client), text(j.Title), text(labelOf(jobStatuses, j.Status)), moment(j.StartAt), moment(j.EndAt), moment(j.CompletedAt),
			number(j.TotalCents), number(j.UninvoicedCents),
		}
	})
}

func crewByTeam(ctx context.Context, r *reading) rows {
	return r.crew(ctx, func(u *record.User) rollup.Teammate {
		return rollup.Teammate{UserID: u.ID, Team: u.Team, TeamName: u.TeamName, Schedulable: u.Schedulable()}
	}, func(c rollup.Crew, _ []*record.User) Row { return crewRow(c, text(c.Name)) })
}

// crewByPerson makes each person a team of their own, so that a person's figures come about as a team's do.
func crewByPerson(ctx context.Context, r *reading) rows {
	return r.crew(ctx, func(u *record.User) rollup.Teammate {
		if u.Team == "" {
			return rollup.Teammate{}
		}
		return rollup.Teammate{UserID: u.ID, Team: u.ID, TeamName: u.Name, Schedulable: u.Schedulable()}
	}, func(c rollup.Crew, users []*record.User) Row {
		return crewRow(c, text(c.Name), text(userNamed(users, c.Team).TeamName))
	})
}

func crewRow(c rollup.Crew, names ...Value) Row {
	return append(names, number(c.ScheduledMinutes), number(c.CompletedMinutes), number(c.CapacityMinutes), share(c.ScheduledMinutes, c.CapacityMinutes))
}

func (r *reading) crew(ctx context.Context, as func(*record.User) rollup.Teammate, rowOf func(rollup.Crew, []*record.User) Row) rows {
	users, err := r.people(ctx)
	if err != nil {
		return failed(err)
	}
	sheet := rollup.Sheet{Period: rollup.Period{From: r.order.From, To: r.order.To}, Now: r.now, Days: map[rollup.Day]rollup.Figures{}}
	for d, err := range r.days(ctx) {
		if err != nil {
			return failed(err)
		}
		sheet.Days[d.Day] = rollup.Figures{Crew: d.Crew}
	}
	var people []rollup.Teammate
	for _, u := range users {
		if f := r.order.Filters.Team; f == "" || u.Team == f {
			people = append(people, as(u))
		}
	}
	return func(yield func(Row, error) bool) {
		for _, c := range sheet.Summarise(r.account.Currency, people, false).CrewUtilisation {
			if !yield(rowOf(c, users), nil) {
				return
			}
		}
	}
}
