import { describe, expect, it } from 'vitest'
import { deviceOf } from './device'
import { eventPhrase } from './events'
import { money, shortMoney, signedMoney, wholeMoney } from './money'
import { hours, percent, plural } from './number'
import {
  addDays,
  ago,
  clockSpan,
  clockTime,
  dateOf,
  dayOf,
  daySpan,
  duration,
  minutesInWords,
  until,
  waitWords,
} from './time'
import {
  aRole,
  camel,
  initials,
  keyPermissions,
  oneLine,
  permissionName,
  permissionOrder,
  valueName,
} from './words'

const plain = (text: string) => text.replace(/[\u202f\u2009\u00a0]/g, ' ')

describe('money', () => {
  it.each([
    [123_450, 'USD', '$1,234.50'],
    [-5, 'USD', '-$0.05'],
    [0, 'CAD', '$0.00'],
  ])('writes %d cents of %s as %s', (cents, currency, want) => {
    expect(money(cents, currency)).toBe(want)
  })

  it('rounds headline figures to the whole unit', () => {
    expect(wholeMoney(123_450, 'USD')).toBe('$1,235')
  })

  it('shortens for axes', () => {
    expect(shortMoney(0, 'USD')).toBe('$0')
    expect(shortMoney(1_250_000, 'USD')).toBe('$12.5K')
    expect(shortMoney(50_000, 'USD')).toBe('$500')
  })

  it('gives a change its sign', () => {
    expect(signedMoney(42_000, 'USD')).toBe('+$420')
    expect(signedMoney(-42_000, 'USD')).toBe('-$420')
  })
})

describe('numbers', () => {
  it.each([
    [0, '0 visits'],
    [1, '1 visit'],
    [1200, '1,200 visits'],
  ])('counts %d', (n, want) => {
    expect(plural(n, 'visit')).toBe(want)
  })

  it('takes an irregular plural', () => {
    expect(plural(2, 'property', 'properties')).toBe('2 properties')
  })

  it('drops decimals from large percentages', () => {
    expect(percent(0.1234)).toBe('12.3%')
    expect(percent(1.234)).toBe('123%')
  })

  it('shows part hours only when short', () => {
    expect(hours(90)).toBe('1.5 h')
    expect(hours(8520)).toBe('142 h')
  })
})

describe('time', () => {
  it('knows the day in the account time zone, not in the browser or UTC', () => {
    expect(dayOf('2026-11-24T02:30:00Z', 'America/Denver')).toBe('2026-11-23')
    expect(dayOf('2026-11-24T02:30:00Z', 'America/St_Johns')).toBe('2026-11-23')
    expect(dayOf('2026-11-24T03:30:00Z', 'America/St_Johns')).toBe('2026-11-24')
  })

  it('writes a time in the account time zone', () => {
    expect(plain(clockTime('2026-11-24T17:42:00Z', 'America/Denver'))).toBe('10:42 AM')
    expect(plain(clockTime('2026-11-24T17:42:00Z', 'America/St_Johns'))).toBe('2:12 PM')
  })

  it('writes a span once when it has no end', () => {
    expect(plain(clockSpan('2026-11-24T16:00:00Z', null, 'America/Denver'))).toBe('9:00 AM')
    expect(plain(clockSpan('2026-11-24T16:00:00Z', '2026-11-24T17:30:00Z', 'America/Denver'))).toBe(
      '9:00 – 10:30 AM',
    )
  })

  it('does not move a calendar day', () => {
    expect(dateOf('2026-11-24', 'America/Denver')).toBe('Nov 24, 2026')
    expect(dateOf('2026-11-24T02:30:00Z', 'America/Denver')).toBe('Nov 23, 2026')
  })

  it('adds days over months, leap days and clock changes', () => {
    expect(addDays('2026-03-07', 1)).toBe('2026-03-08')
    expect(addDays('2028-02-28', 1)).toBe('2028-02-29')
    expect(addDays('2026-01-01', -1)).toBe('2025-12-31')
  })

  it('writes spans of days', () => {
    expect(daySpan('2026-11-24', '2026-11-24')).toBe('Nov 24')
    expect(plain(daySpan('2026-11-01', '2026-11-24'))).toBe('Nov 1 – 24')
  })

  it('never speaks of the future for a clock that is a little ahead', () => {
    const now = Date.parse('2026-11-24T10:00:00Z')
    expect(ago('2026-11-24T10:00:03Z', now)).toBe('just now')
    expect(ago('2026-11-24T09:59:48Z', now)).toBe('12 sec. ago')
    expect(ago('2026-11-24T09:00:00Z', now)).toBe('1 hr. ago')
  })

  it('writes durations', () => {
    expect(duration(25 * 60_000)).toBe('25 min')
    expect(duration(125 * 60_000)).toBe('2 h 5 min')
    expect(duration(120 * 60_000)).toBe('2 h')
  })
})

describe('words', () => {
  it.each([
    ['changes_requested', 'Changes requested'],
    ['changesRequested', 'Changes requested'],
    ['PAYMENT', 'Payment'],
    ['ONE_OFF', 'One-off'],
    ['requiresInvoicing', 'To invoice'],
    ['somethingNewEntirely', 'Something new entirely'],
  ])('writes %s as %s', (value, want) => {
    expect(valueName(value)).toBe(want)
  })

  it('reads every spelling of a stored word alike', () => {
    expect(['PAST_DUE', 'past_due', 'pastDue'].map(camel)).toEqual(['pastDue', 'pastDue', 'pastDue'])
  })

  it('tells events in words', () => {
    expect(eventPhrase('visit.completed')).toBe('Visit completed')
    expect(eventPhrase('property.created')).toBe('Property added')
    expect(eventPhrase('security.person_erased')).toBe('A person erased from the log')
    expect(eventPhrase('user.deleted')).toBe('Team member deleted')
  })

  it('makes initials', () => {
    expect(['Ana Lopez', 'Bo', 'Jean Paul Sartre', ' '].map(initials)).toEqual(['AL', 'B', 'JS', '?'])
  })

  it('writes an address on one line, without what is missing', () => {
    expect(oneLine({ street: '1 Elm St', city: 'Denver', province: 'CO', postalCode: '80202' })).toBe(
      '1 Elm St, Denver, CO 80202',
    )
    expect(oneLine({ city: 'Denver' })).toBe('Denver')
    expect(oneLine(null)).toBe('')
  })
})

describe('what lies ahead', () => {
  const now = Date.parse('2026-11-24T10:00:00Z')

  it.each([
    [-5, 'now'],
    [30, 'in less than a minute'],
    [20 * 60, 'in 20 min.'],
    [30 * 3600, 'in 30 hr.'],
    [3 * 86_400 - 60, 'in 3 days'],
  ])('in %d seconds is %s', (seconds, want) => {
    expect(plain(until(new Date(now + seconds * 1000).toISOString(), now))).toBe(want)
  })

  it.each([
    [undefined, 'in a moment'],
    [0, 'in 1 second'],
    [1, 'in 1 second'],
    [40, 'in 40 seconds'],
    [61, 'in 61 seconds'],
    [150, 'in 3 minutes'],
    [7200, 'in 2 hours'],
  ])('a wait of %s is %s', (seconds, want) => {
    expect(waitWords(seconds)).toBe(want)
  })

  it.each([
    [1, '1 minute'],
    [90, '90 minutes'],
    [60, '1 hour'],
    [720, '12 hours'],
    [1440, '1 day'],
    [43_200, '30 days'],
  ])('%d minutes are %s', (minutes, want) => {
    expect(minutesInWords(minutes)).toBe(want)
  })
})

describe('a device', () => {
  const chrome = 'AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36'
  const phone = 'AppleWebKit/605.1.15 (KHTML, like Gecko)'

  it.each([
    [`Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${chrome}`, 'Chrome on Windows', false],
    [`Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${chrome} Edg/130.0`, 'Edge on Windows', false],
    [`Mozilla/5.0 (X11; Linux x86_64) ${chrome} OPR/116.0`, 'Opera on Linux', false],
    [`Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) ${chrome}`, 'Chrome on ChromeOS', false],
    [
      'Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0',
      'Firefox on Linux',
      false,
    ],
    [
      `Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) ${phone} Version/17.5 Safari/605.1.15`,
      'Safari on Mac',
      false,
    ],
    [
      `Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) ${phone} CriOS/130.0 Mobile/15E148 Safari/604.1`,
      'Chrome on iPhone',
      true,
    ],
    [
      `Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) ${phone} Version/17.5 Mobile/15E148 Safari/604.1`,
      'Safari on iPad',
      true,
    ],
    [`Mozilla/5.0 (Linux; Android 14; Pixel 8) ${chrome}`, 'Chrome on Android', true],
    [
      'Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 SamsungBrowser/26.0 Chrome/122.0 Mobile Safari/537.36',
      'Samsung Internet on Android',
      true,
    ],
    ['curl/8.5.0', 'Unknown device', false],
    ['', 'Unknown device', false],
  ])('that says %s is %s', (userAgent, name, handheld) => {
    expect(deviceOf(userAgent)).toEqual({ name, handheld })
  })
})

describe('roles and permissions', () => {
  it('have their article', () => {
    expect([aRole('admin'), aRole('owner'), aRole('technician')]).toEqual([
      'an administrator',
      'an owner',
      'a technician',
    ])
  })

  it('are never shown by their names in the API', () => {
    for (const permission of [...permissionOrder, ...keyPermissions]) {
      expect(permissionName(permission)).not.toContain(':')
    }
    expect(new Set(permissionOrder).size).toBe(permissionOrder.length)
    expect(permissionName('report:run' as never)).toBe('Run report')
  })
})
