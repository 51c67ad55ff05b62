import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  notFound,
  Outlet,
  type RouterHistory,
} from '@tanstack/react-router'
import type { Collection, PeriodName } from './api/types'
import { Gate } from './pages/gate'
import { operationsSearch } from './pages/operations/search'
import { Crash } from './pages/problem/crash'
import { NotFound } from './pages/problem/not-found'
import { isCollection } from './pages/records/collections'
import { whens } from './pages/records/when'
import { auditSearch } from './pages/settings/audit/search'
import { callbackPath } from './session/answer'

const root = createRootRoute({
  component: Outlet,
  errorComponent: Crash,
  notFoundComponent: NotFound,
})

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  validateSearch: (search: Record<string, unknown>): { next?: string } => {
    const next = text(search.next)
    // Only a path of this site: anything else could send people away after they signed in.
    return next && /^\/(?![/\\])/.test(next) ? { next } : {}
  },
  component: lazyRouteComponent(() => import('./pages/sign-in/sign-in'), 'SignIn'),
})

const providerCallback = createRoute({
  getParentRoute: () => root,
  path: callbackPath,
  component: lazyRouteComponent(() => import('./pages/sign-in/callback'), 'ProviderCallback'),
})

const join = createRoute({
  getParentRoute: () => root,
  path: '/join',
  component: lazyRouteComponent(() => import('./pages/join/join'), 'Join'),
})

const gate = createRoute({ getParentRoute: () => root, id: 'signed-in', component: Gate })

const periods: PeriodName[] = ['today', '7d', '30d', 'mtd', 'ytd']

const overview = createRoute({
  getParentRoute: () => gate,
  path: '/',
  validateSearch: (search: Record<string, unknown>): { period?: PeriodName } => {
    const period = periods.find(name => name === search.period)
    return period ? { period } : {}
  },
  component: lazyRouteComponent(() => import('./pages/overview/overview'), 'Overview'),
})

export interface ListSearch {
  q?: string
  status?: string
  sort?: string
  clientId?: string
  when?: string
}

const list = createRoute({
  getParentRoute: () => gate,
  path: '/$collection',
  params: {
    parse: ({ collection }): { collection: Collection } => {
      if (!isCollection(collection)) throw notFound()
      return { collection }
    },
    stringify: ({ collection }) => ({ collection }),
  },
  validateSearch: (search: Record<string, unknown>): ListSearch => {
    const kept: ListSearch = {}
    for (const name of ['q', 'status', 'sort', 'clientId'] as const) {
      const value = text(search[name])
      if (value) kept[name] = value
    }
    const when = whens.find(name => name === search.when)
    if (when) kept.when = when
    return kept
  },
  component: lazyRouteComponent(() => import('./pages/records/list-page'), 'ListPage'),
})

const detail = createRoute({
  getParentRoute: () => list,
  path: '/$id',
  component: lazyRouteComponent(() => import('./pages/records/detail'), 'DetailDrawer'),
})

const reports = createRoute({
  getParentRoute: () => gate,
  path: '/reports',
  component: lazyRouteComponent(() => import('./pages/reports/reports'), 'Reports'),
})

const batches = createRoute({
  getParentRoute: () => gate,
  path: '/batches',
  component: lazyRouteComponent(() => import('./pages/batches/batches'), 'Batches'),
})

const batch = createRoute({
  getParentRoute: () => gate,
  path: '/batches/$id',
  component: lazyRouteComponent(() => import('./pages/batches/batch'), 'BatchPage'),
})

const connect = createRoute({
  getParentRoute: () => gate,
  path: '/connect',
  component: lazyRouteComponent(() => import('./pages/connect/connect'), 'Connect'),
})

const connectJobber = createRoute({
  getParentRoute: () => gate,
  path: '/connect/jobber',
  validateSearch: (search: Record<string, unknown>) => {
    const kept: { code?: string; state?: string; error?: string } = {}
    for (const name of ['code', 'state', 'error'] as const) {
      const value = text(search[name])
      if (value) kept[name] = value
    }
    return kept
  },
  component: lazyRouteComponent(() => import('./pages/connect/callback'), 'ConnectJobber'),
})

const schedules = createRoute({
  getParentRoute: () => gate,
  path: '/schedules',
  component: lazyRouteComponent(() => import('./pages/schedules/schedules'), 'Schedules'),
})

const settings = createRoute({
  getParentRoute: () => gate,
  path: '/settings',
  component: lazyRouteComponent(() => import('./pages/settings/settings'), 'Settings'),
})

const firstSetting = createRoute({
  getParentRoute: () => settings,
  path: '/',
  component: lazyRouteComponent(() => import('./pages/settings/settings'), 'FirstSetting'),
})

const members = createRoute({
  getParentRoute: () => settings,
  path: '/members',
  component: lazyRouteComponent(() => import('./pages/settings/members/members'), 'Members'),
})

const roles = createRoute({
  getParentRoute: () => settings,
  path: '/roles',
  component: lazyRouteComponent(() => import('./pages/settings/roles/roles'), 'Roles'),
})

const sessions = createRoute({
  getParentRoute: () => settings,
  path: '/sessions',
  component: lazyRouteComponent(() => import('./pages/settings/sessions/sessions'), 'Sessions'),
})

const live = createRoute({
  getParentRoute: () => settings,
  path: '/live',
  component: lazyRouteComponent(() => import('./pages/settings/live/live'), 'LiveConnections'),
})

const apiKeys = createRoute({
  getParentRoute: () => settings,
  path: '/keys',
  component: lazyRouteComponent(() => import('./pages/settings/keys/keys'), 'Keys'),
})

const audit = createRoute({
  getParentRoute: () => settings,
  path: '/audit',
  validateSearch: auditSearch,
  component: lazyRouteComponent(() => import('./pages/settings/audit/audit'), 'AuditLog'),
})

const account = createRoute({
  getParentRoute: () => settings,
  path: '/account',
  component: lazyRouteComponent(() => import('./pages/settings/account/account'), 'AccountPage'),
})

const operations = createRoute({
  getParentRoute: () => gate,
  path: '/operations',
  validateSearch: operationsSearch,
  component: lazyRouteComponent(() => import('./pages/operations/operations'), 'Operations'),
})

const task = createRoute({
  getParentRoute: () => operations,
  path: '/$id',
  component: lazyRouteComponent(() => import('./pages/operations/detail'), 'TaskDrawer'),
})

const tree = root.addChildren([
  signIn,
  providerCallback,
  join,
  gate.addChildren([
    overview,
    reports,
    batches,
    batch,
    connect,
    connectJobber,
    schedules,
    settings.addChildren([firstSetting, members, roles, sessions, live, apiKeys, audit, account]),
    operations.addChildren([task]),
    list.addChildren([detail]),
  ]),
])

/** The pages; `history` only for tests, which have no address bar. */
export function newRouter(history?: RouterHistory) {
  return createRouter({
    ...(history ? { history } : {}),
    routeTree: tree,
    defaultPreload: 'intent',
    scrollRestoration: true,
    // A search value that a page does not know, or refused, does not exist.
    search: { strict: true },
    // Search values stay plain text in the URL: a code or a name may look like JSON and is not.
    parseSearch: query => Object.fromEntries(new URLSearchParams(query)),
    stringifySearch: values => {
      const params = new URLSearchParams()
      for (const [name, value] of Object.entries(values)) {
        if (value !== undefined && value !== '') params.set(name, String(value))
      }
      const query = params.toString()
      return query ? `?${query}` : ''
    },
  })
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof newRouter>
  }
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
