// The answers that the window asks of the relay over HTTP, from memory. Who is signed in is kept in sessionStorage, as a cookie would be.
import type { Role } from '../../../shared/model/grants.ts';
import type { AuditRecord, Device } from '../../../client/platform/http.ts';
import type { Person } from '../../../shared/model/people.ts';
import type { FakeWorld } from '../../support/fake-engine.ts';

const SIGNED_IN = 'stage.signed-in';

export function createFakeRelay(world: FakeWorld) {
  const links = new Map<string, { kind: 'setup' | 'invitation' | 'sign-in'; state: 'fresh' | 'used' | 'expired' }>([
    ['eerste', { kind: 'setup', state: 'fresh' }],
    ['uitnodiging', { kind: 'invitation', state: 'fresh' }],
    ['inloglink', { kind: 'sign-in', state: 'fresh' }],
    ['gebruikt', { kind: 'invitation', state: 'used' }],
    ['verlopen', { kind: 'sign-in', state: 'expired' }],
  ]);
  const members: { person: Person; role: Role }[] = world.people.map((person, at) => ({ person, role: at === 0 ? 'leader' : at === 4 ? 'reader' : 'member' }));
  const told = (over: Partial<AuditRecord>, at: number): AuditRecord => ({
    seq: 100 - at, time: Date.UTC(2026, 10, 21, 9, at), who: world.me.user, name: 'Jeugdgezondheidszorgcoördinator', role: 'programme-leader', operation: 'participation.change',
    space: world.spaces[0]!.space, subject: 'Zwangerschapsbegeleidingsoverleg', from: 'browser', request: null, result: 'done', hash: '', ...over,
  });
  const audit = [told({}, 0), told({ result: 'refused', operation: 'audit.read' }, 1), told({ who: null, name: null, role: null, operation: 'act.propose', from: 'cli' }, 2)];
  const devices: Device[] = JSON.parse(sessionStorage.getItem('stage.devices') ?? '[]') as Device[];
  const state = { isDown: new URLSearchParams(location.search).has('zonder-relay') };
  const answer = (status: number, body: unknown): Response => new Response(status === 204 ? null : JSON.stringify(body), { status, headers: { 'content-type': 'application/json' } });
  const refuse = (status: number, error: string): Response => answer(status, { error });

  const fetchIt = async (path: string, request: RequestInit = {}): Promise<Response> => {
    if (state.isDown) throw new TypeError('Failed to fetch');
    const method = request.method ?? 'GET';
    const body = JSON.parse(typeof request.body === 'string' ? request.body : '{}') as Record<string, string>;
    const [, area, first, second] = (path.split('?')[0] ?? '').split('/').slice(1);
    if (area === 'me' && first === 'sessions') return answer(200, devices);
    if (area === 'me') return sessionStorage.getItem(SIGNED_IN) ? answer(200, { person: world.me, installationAdmin: true }) : refuse(401, 'signed-out');
    if (area === 'session' && method === 'DELETE') {
      sessionStorage.removeItem(SIGNED_IN);
      return answer(204, null);
    }
    if (area === 'session') {
      if (body['password'] !== 'een goed wachtwoord') return refuse(401, 'wrong-credentials');
      sessionStorage.setItem(SIGNED_IN, 'yes');
      return answer(200, { person: world.me });
    }
    if (area === 'links') {
      const link = links.get(first ?? '');
      if (!link) return refuse(404, 'not-found');
      if (link.state !== 'fresh') return refuse(410, link.state === 'used' ? 'link-used' : 'link-expired');
      if (method === 'GET') {
        const space = world.spaces.find((one) => one.name === 'Schiedam')!;
        return answer(200, {
          kind: link.kind, space: link.kind === 'setup' ? null : { space: space.space, name: space.name, kind: space.kind }, role: link.kind === 'invitation' ? 'member' : null,
          expiresAt: Date.now() + 86_400_000, person: link.kind === 'sign-in' ? world.me : null,
        });
      }
      if (link.kind !== 'sign-in' && (body['password'] ?? '').length < 10) return refuse(400, 'weak-password');
      link.state = 'used';
      sessionStorage.setItem(SIGNED_IN, 'yes');
      return answer(200, { person: world.me });
    }
    if (area === 'spaces' && method === 'POST' && !first) return answer(200, { space: world.spaces[0]!.space });
    if (area === 'spaces' && second === 'invitations') return answer(200, { link: `${location.origin}/welkom/abc123`, expiresAt: Date.now() + 14 * 86_400_000, role: body['role'] });
    if (area === 'spaces' && method === 'PUT') return answer(204, null);
    if (second === 'audit' || area === 'audit') return answer(200, { records: audit, before: null });
    if (area === 'spaces' && second === 'members') return answer(200, members);
    return refuse(404, 'not-found');
  };
  return { state, fetch: fetchIt as typeof fetch };
}
