/**
 * Where a session is in its life.
 * - `waiting`: for CONNECT. `signing-in`: until the credentials are checked. `open`: frames are served.
 * - `closing`: no input is accepted any more, answers to what came before are still given. `closed`: nothing is sent.
 */
export type Phase = 'waiting' | 'signing-in' | 'open' | 'closing' | 'closed';
