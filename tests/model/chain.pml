/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Chain replication of one vnode under reconfiguration, explored exhaustively within small bounds.
 * README.md names the rules, the bounds and what breaks without each rule; `run` runs it all.
 *
 * The control plane is an oracle that commits configurations (epochs). Nodes adopt them late
 * and may skip some. The network loses, repeats and reorders: what was once sent can be
 * received at any later time, or never. A crash loses memory; with -DDISK it keeps what was
 * synced, and syncing happens whenever it likes. Sending, committing at the tail and replying
 * happen as early as they may, which is the hardest case for the invariants; receiving,
 * adopting, syncing and crashing are free.
 *
 * A lease lasts as long as it may, which allows the most reads: it ends in the step that commits
 * the configuration without its holder, and a new one, which names that configuration, is granted
 * at once, as the holder may be owed one for another of its chains.
 *
 * What nobody can look at again (messages and configurations of epochs that everybody left) is
 * cleared, so that histories which differ in nothing else become one state.
 */
#ifndef NN
#define NN 4          /* nodes; those beyond the first chain are spares */
#endif
#ifndef MS
#define MS 2          /* writes */
#endif
#ifndef ME
#define ME 4          /* epochs */
#endif
#ifndef MC
#define MC 1          /* crashes */
#endif
#ifndef CHAIN0
#define CHAIN0 3      /* length of the first chain: nodes 0, 1, ... */
#endif
#ifndef KEYS
#define KEYS 1        /* keys, at most 2 */
#endif
#define NONE 15

byte cfg = 1;                       /* newest committed epoch */
byte ch[(ME+1)*NN];                 /* chain of an epoch, head first */
byte cl[ME+1];                      /* its length */
byte jn[ME+1];                      /* its joiner, or NONE */
bit  cold[ME+1];                    /* committed because every member of the last chain had gone down */
bit  reported[ME+1];                /* the tail reported the joiner caught up */
#ifdef TWO
byte ce[ME+1];                      /* chain epoch: rings that change the other chain alone leave it */
byte gave[NN];                      /* chain epoch in which it gave up this chain, healthy */
#ifdef NO_WORKER
byte nother[NN];                    /* the ring at the worker of its other chain */
#endif
#define CE(e) ce[e]
#else
#define CE(e) (e)
#endif

bit  alive[NN], fresh[NN], joint[NN], reconciled[NN], gated[NN];
byte le[NN];                        /* epoch that its lease names */
byte ne[NN], ln[NN], com[NN], since[NN];
byte jgot[NN];                      /* the same, as far as this tail received it in its epoch */
byte ent[NN*(MS+1)];                /* entry at a sequence number: creation epoch, and its key */
byte fwd[(ME+1)*NN*(MS+1)];         /* FORWARD sent to a node: the entry, 0 = never */
byte ack[(ME+1)*NN];                /* highest ACK sent to a node in an epoch */
byte jack[ME+1];                    /* 1 + highest ACK sent by the joiner; 0: none since it agreed on the prefix */
byte dur[NN];                       /* synced up to here (-DDISK) */
#ifdef BATCH
byte sub[NN];                       /* a batch is on its way to the disk; its entries, as far as the log still has them, end here */
#ifdef NO_BATCH_NAME
byte num[NN], onto[NN];             /* its last number when it was submitted; what the disk really has */
#endif
#endif
#ifdef CUT
bit  cut[NN];                       /* its last batch was cut when it restarted, and may have counted as synced */
bit  damaged;                       /* that happens once */
#endif
byte dwn[(ME+1)*NN];                /* highest SYNCED sent down to a node: it and all before it */
byte base[NN];                      /* what a node held when it adopted its epoch */
bit  syn[(ME+1)*NN];                /* SYNC sent to a node in an epoch */
byte acked[KEYS];                   /* ghost: highest sequence number of a key that a client saw */
byte gep[MS+1];                     /* ghost: what it saw there */
byte crashes;

byte n, e, i, m, k, r, pos, t, q, key;

#define E(n,s)   ent[(n)*(MS+1)+(s)]
#define F(e,n,s) fwd[((e)*NN+(n))*(MS+1)+(s)]
#define A(e,n)   ack[(e)*NN+(n)]
#define S(e,n)   syn[(e)*NN+(n)]
#define KEY(x)   ((x) / 16)
#define C(e,i)   ch[(e)*NN+(i)]
#define D(e,n)   dwn[(e)*NN+(n)]
#define LIVE(n)  (fresh[n] -> since[n] + 1 : CE(ne[n]))      /* the oldest epoch it may yet act in */

#ifdef NO_FENCE
#define FORGET(e,n,s) skip
#else
#define FORGET(e,n,s) F(e,n,s) = 0
#endif
#ifdef NO_JOINT
#define COUNTED(n) (jgot[n] > ln[n])
#else
#define COUNTED(n) joint[n]
#endif
#ifdef NO_HEARD
#define HEARD(n) (jgot[n] >= com[n])
#else
#define HEARD(n) (jgot[n] > com[n])
#endif
#ifdef NO_LEASE
#define END_LEASE(n) skip
#else
#define END_LEASE(n) le[n] = cfg + 1
#endif
#ifdef NO_READY
#define READY(n) true
#else
#define READY(n) (OPEN(n) && SETTLED(n))
#endif
/* a promoted joiner acts as tail after its predecessor's SYNC, or once it is the head */
#define OPEN(n) (!gated[n] || S(e,n) || C(e,0) == (n))
#ifdef DISK
#define HAVE(n) dur[n]
#else
#define HAVE(n) ln[n]
#endif
#if defined(CUT) && !defined(NO_LEFT)
#define STAYS_UP(m) ((m) != n && !fresh[m])
#else
#define STAYS_UP(m) true
#endif
#if !defined(CUT) || defined(NO_CUT)
#define WHOLE_OR_LONGEST(n) true
#else
#define WHOLE_OR_LONGEST(n) (!cut[n] || m)
#endif
#ifdef NO_BASE
#define SETTLED(n) true
#else
#define SETTLED(n) (com[n] >= base[n])
#endif
#if !defined(TWO) || defined(NO_GIVE_UP)
#define GAVE(n,e) false
#else
#define GAVE(n,e) (gave[n] == (e))
#endif
#ifdef NO_GIVE_EPOCH
#define HEARD_GAVE(n) (gave[n] != 0)
#else
#define HEARD_GAVE(n) (gave[n] == CE(cfg))
#endif
#if !defined(TWO) || defined(NO_UNCHANGED)
#define UNCHANGED(n) false
#else
#define UNCHANGED(n) (!fresh[n] && CE(e) == CE(ne[n]))
#endif
#ifdef NO_LEASE_EPOCH
#define LEASE(n) (!fresh[n])
#elif defined(NO_WORKER)
#define LEASE(n) (!fresh[n] && (ne[n] >= le[n] || nother[n] >= le[n]) && !GAVE(n,CE(ne[n])))
#else
#define LEASE(n) (!fresh[n] && ne[n] >= le[n] && !GAVE(n,CE(ne[n])))
#endif
/* the tail's word on what is committed */
#ifdef NO_WORD_LEASE
#define WORD_LEASE(t) true
#else
#define WORD_LEASE(t) LEASE(t)
#endif
#ifdef NO_WORD_EPOCH
#define WORD_EPOCH(t) true
#else
#define WORD_EPOCH(t) (CE(ne[t]) == e)
#endif
#ifdef NO_ASK
#define CLEAN true
#else
#define CLEAN (!m)
#endif
#define CAN_ANSWER(t) (alive[t] && WORD_LEASE(t) && WORD_EPOCH(t) && OPEN(t) && SETTLED(t))
#ifdef NO_INCARN
#define INCARN 0
#else
#define INCARN 1
#endif

inline find_pos() { /* place of n in the chain of epoch e; NONE if not a full member */
  pos = NONE; i = 0;
  do :: i < cl[e] -> if :: C(e,i) == n -> pos = i :: else fi; i++ :: else -> break od
}
inline see(who, s) { /* a client sees entry s of who */
  assert(s <= ln[who]);
  if :: gep[s] == 0 -> gep[s] = E(who,s) :: else -> assert(gep[s] == E(who,s)) fi;
  if :: s > acked[KEY(E(who,s))] -> acked[KEY(E(who,s))] = s :: else fi
}
inline replies(who, upto) { /* the clients of entries 1..upto of who have their answers */
  i = 1; do :: i <= upto -> see(who, i); i++ :: else -> break od
}
inline find_dirty() { /* m: is key among what n does not know to be committed? */
  m = 0;
#ifdef NO_DIRTY_ALL
  if :: com[n] < ln[n] -> m = (KEY(E(n,ln[n])) == key) :: else fi
#else
  i = com[n] + 1; do :: i <= ln[n] -> if :: KEY(E(n,i)) == key -> m = 1 :: else fi; i++ :: else -> break od
#endif
}
inline answer(who, upto) { /* a read of key: its last entry up to there */
  i = upto; do :: i > 0 && KEY(E(who,i)) != key -> i-- :: else -> break od;
  assert(i >= acked[key]);
  if :: i > 0 -> see(who, i) :: else fi
}
inline forget() { /* what nobody can ever look at again is made equal, so that states meet */
#ifdef NO_INCARN
  skip
#else
  q = 0;
  do
  :: q < NN ->
     e = 1;
     do
     :: e < LIVE(q) ->
        A(e,q) = 0; S(e,q) = 0; D(e,q) = 0;
        i = 1; do :: i <= MS -> FORGET(e,q,i); i++ :: else -> break od; e++
     :: else -> break
     od;
     if
     :: !fresh[q] ->
        e = CE(ne[q]); n = q; find_pos();
        if
        :: pos != NONE || (jn[e] == q && reconciled[q]) -> i = 1; do :: i <= ln[q] -> FORGET(e,q,i); i++ :: else -> break od
        :: else
        fi;
        if :: A(e,q) <= com[q] -> A(e,q) = 0 :: else fi;
        if :: pos == NONE || pos + 1 != cl[e] || com[q] >= base[q] -> base[q] = 0 :: else fi
     :: else -> base[q] = 0
     fi; q++
  :: else -> break
  od;
  e = 1;
  do
  :: e < cfg ->
     if :: e < CE(cfg) -> reported[e] = 0 :: else fi;
     if :: cl[e] > 0 && LIVE(C(e,cl[e]-1)) > e -> jack[e] = 0 :: else fi;
     q = 0;
     do :: q < NN && (LIVE(q) > e || (fresh[q] && jn[e] != q && !cold[e])) -> q++ :: else -> break od;
     if
     :: q == NN ->
#ifdef TWO
        ce[e] = 0;
#endif
        cl[e] = 0; jn[e] = NONE; cold[e] = 0; jack[e] = 0; i = 0;
        do :: i < NN -> C(e,i) = 0; i++ :: else -> break od
     :: else
     fi; e++
  :: else -> break
  od
#endif
}
inline settle() { /* everything that nodes send or commit without waiting */
  q = 0;
  do
  :: q < NN ->
     e = CE(ne[q]); n = q; find_pos();
     if
     :: alive[q] && pos != NONE ->
        m = NONE;
        if
        :: pos + 1 < cl[e] ->
           m = C(e,pos+1); k = HAVE(q);
           S(e,m) = 1;
           if :: pos > 0 && D(e,q) < k -> k = D(e,q) :: else fi;
           if :: k > D(e,m) -> D(e,m) = k :: else fi
        :: else -> m = jn[e]
        fi;
        if
        :: m != NONE -> i = 1; do :: i <= ln[q] -> F(e,m,i) = E(q,i); i++ :: else -> break od
        :: else
        fi
     :: alive[q] && pos == NONE && jn[e] == q && reconciled[q] && HAVE(q) + 1 > jack[e] -> jack[e] = HAVE(q) + 1
     :: else
     fi; q++
  :: else -> break
  od;
  q = 0;
  do
  :: q < NN ->
     e = CE(ne[q]); n = q; find_pos();
     if
     :: alive[q] && pos != NONE && pos + 1 == cl[e] && OPEN(q) ->
        k = HAVE(q);
#if defined(DISK) && !defined(NO_DOWN)
        if :: pos > 0 && D(e,q) < k -> k = D(e,q) :: else fi;
#endif
        if :: joint[q] && jn[e] != NONE && jgot[q] < k + 1 -> k = (jgot[q] > 0 -> jgot[q] - 1 : 0) :: else fi;
        if :: k > com[q] -> com[q] = k; replies(q, k) :: else fi
     :: else
     fi;
     if
     :: alive[q] && pos != NONE && pos > 0 ->
        m = C(e,pos-1); if :: com[q] > A(e,m) -> A(e,m) = com[q] :: else fi
     :: else
     fi; q++
  :: else -> break
  od;
  q = 0; do :: q < NN -> if :: !fresh[q] && ne[q] >= le[q] -> le[q] = 0 :: else fi; q++ :: else -> break od;
  forget();
  n = 0; e = 0; i = 0; m = 0; k = 0; r = 0; pos = 0; t = 0; q = 0
}
inline copy_cfg() { /* the next epoch begins as a copy of this one */
#ifdef TWO
  ce[cfg+1] = cfg + 1;
#endif
  i = 0; do :: i < cl[cfg] -> C(cfg+1,i) = C(cfg,i); i++ :: else -> break od;
  cl[cfg+1] = cl[cfg]; jn[cfg+1] = jn[cfg]
}
inline remove() {
  copy_cfg(); i = pos;
  do :: i + 1 < cl[cfg] -> C(cfg+1,i) = C(cfg,i+1); i++ :: else -> break od;
  C(cfg+1,i) = 0; cl[cfg+1] = cl[cfg] - 1
}

init {
  d_step {
    i = 0; do :: i < NN -> alive[i] = 1; fresh[i] = (i >= CHAIN0); ne[i] = (i < CHAIN0); i++ :: else -> break od;
    i = 0; do :: i <= ME -> jn[i] = NONE; i++ :: else -> break od;
#ifdef TWO
    ce[1] = 1;
#endif
    cl[1] = CHAIN0; i = 0; do :: i < CHAIN0 -> C(1,i) = i; i++ :: else -> break od; settle()
  };
  do
  :: atomic {
     n = 0; do :: n < NN-1 -> n++ :: break od;
     e = CE(ne[n]); find_pos();
     if
     :: alive[n] && pos == 0 && ln[n] < MS -> ln[n]++; E(n,ln[n]) = e             /* write at the head */
#if KEYS > 1
        if :: E(n,ln[n]) = e + 16 :: skip fi
#endif

     :: alive[n] && ln[n] < MS && pos != 0 && (pos != NONE || (jn[e] == n && reconciled[n])) ->
        k = e;                                                                     /* receive the next entry */
#ifdef NO_FENCE
        k = 1; do :: k < ME -> k++ :: break od;
#endif
        if :: F(k,n,ln[n]+1) != 0 -> ln[n]++; E(n,ln[n]) = F(k,n,ln[n]) :: else fi
     :: alive[n] && pos != NONE && pos + 1 < cl[e] && A(e,n) > com[n] && com[n] < ln[n] -> com[n]++   /* receive an ACK */
     :: alive[n] && pos != NONE && pos + 1 == cl[e] && jgot[n] < jack[e] -> jgot[n]++                /* receive the joiner's ACK */
     :: alive[n] && LEASE(n) && pos != NONE && OPEN(n) ->            /* read */
#if KEYS > 1
        if :: key = 0 :: key = 1 fi;
#endif
        t = C(e,cl[e]-1); r = NONE; find_dirty();
        if
        :: t == n && SETTLED(n) -> r = com[n]
        :: t != n && CLEAN -> r = com[n]
        :: t != n && !CLEAN && CAN_ANSWER(t) && com[t] <= ln[n] -> r = com[t]
        :: else
        fi;
        if :: r != NONE -> answer(n, r) :: else fi; key = 0
     :: alive[n] && jn[e] == n && !reconciled[n] ->                                /* agree on a common prefix */
        t = C(e,cl[e]-1);
        if
        :: alive[t] && CE(ne[t]) == e ->
           k = ln[n];
#ifndef NO_RECONCILE
           k = 0; do :: k < ln[n] && k < ln[t] && E(n,k+1) == E(t,k+1) -> k++ :: else -> break od;
#endif
           i = k + 1; do :: i <= ln[n] -> E(n,i) = 0; i++ :: else -> break od;
           ln[n] = k; if :: com[n] > k -> com[n] = k :: else fi; if :: dur[n] > k -> dur[n] = k :: else fi;
#ifdef BATCH
           if :: sub[n] > k -> sub[n] = k :: else fi;
#ifdef NO_BATCH_NAME
           if :: onto[n] > k -> onto[n] = k :: else fi;
           if :: num[n] > k && sub[n] == 0 -> sub[n] = NONE :: else fi;
#endif
#endif
#ifdef CUT
           cut[n] = 0;
#endif
           reconciled[n] = 1
        :: else
        fi
     :: alive[n] && pos != NONE && pos + 1 == cl[e] && jn[e] != NONE && !joint[n] -> joint[n] = 1
     :: alive[n] && pos != NONE && pos + 1 == cl[e] && jn[e] != NONE && !reported[e] && READY(n) && HEARD(n) && COUNTED(n) -> reported[e] = 1
     :: alive[n] && ne[n] < cfg ->                                                 /* adopt a newer epoch */
        k = ne[n] + 1; do :: k < cfg -> k++ :: break od;
        e = k; find_pos();
        if
        :: UNCHANGED(n) -> ne[n] = e
        :: !UNCHANGED(n) && jn[e] == n && !(fresh[n] && CE(e) <= since[n]) ->
           reconciled[n] = 0; ne[n] = e; fresh[n] = 0; joint[n] = 0; jgot[n] = 0; gated[n] = 0
        :: !UNCHANGED(n) && pos != NONE && (!fresh[n] || (cold[CE(e)] && CE(e) > since[n])) ->
           fresh[n] = 0;
           base[n] = ln[n];
#ifdef CUT
           cut[n] = 0;
#endif
#ifndef NO_GATE
           if :: jn[CE(ne[n])] == n || (gated[n] && !S(CE(ne[n]),n)) -> gated[n] = 1 :: else -> gated[n] = 0 fi;
#endif
           ne[n] = e; joint[n] = 0; jgot[n] = 0
        :: !UNCHANGED(n) && pos == NONE && jn[e] != n && !fresh[n] -> ne[n] = e; joint[n] = 0; jgot[n] = 0; gated[n] = 0
        :: else
        fi
#ifdef TWO
     :: alive[n] && pos != NONE && gave[n] != e -> gave[n] = e                     /* give this chain up */
#ifdef NO_WORKER
     :: alive[n] && !fresh[n] && nother[n] < cfg -> nother[n]++
#endif
#endif
#ifdef DISK
#ifdef BATCH
     :: alive[n] && dur[n] < ln[n] && sub[n] == 0 -> sub[n] = ln[n]                /* submit all that is new */
#ifdef NO_BATCH_NAME
        ; num[n] = ln[n]
     :: alive[n] && sub[n] != 0 ->
        if :: sub[n] != NONE && onto[n] < sub[n] -> onto[n] = sub[n] :: else fi;
        if :: num[n] <= ln[n] && num[n] > dur[n] -> dur[n] = num[n] :: else fi; sub[n] = 0; num[n] = 0
#else
     :: alive[n] && sub[n] != 0 -> if :: dur[n] < sub[n] -> dur[n] = sub[n] :: else fi; sub[n] = 0   /* completed */
#endif
#else
     :: alive[n] && dur[n] < ln[n] -> dur[n]++                                     /* the disk caught up a little */
#endif
#endif
     :: cfg < ME ->                                                                /* the control plane acts on n */
        e = cfg; find_pos();
        if
        :: pos != NONE && cl[cfg] > 1 ->
           i = 0; do :: i < cl[cfg] && !STAYS_UP(C(cfg,i)) -> i++ :: else -> break od;
           if :: i < cl[cfg] -> END_LEASE(n); remove(); cfg++ :: else fi
#ifdef DISK
        :: pos != NONE && fresh[n] ->                    /* cold start from n, if all of the chain went down */
           k = 0; i = 0; m = 1;
           do
           :: i < cl[cfg] ->
              if :: fresh[C(cfg,i)] -> k++ :: else fi;
              if :: ln[C(cfg,i)] > ln[n] -> m = 0 :: else fi; i++
           :: else -> break
           od;
           if
           :: k == cl[cfg] && WHOLE_OR_LONGEST(n) -> C(cfg+1,0) = n; cl[cfg+1] = 1; jn[cfg+1] = NONE; cold[cfg+1] = 1; cfg++
           :: else
           fi
#endif
#ifdef TWO
        :: n == 0 && ce[cfg] == cfg -> copy_cfg(); ce[cfg+1] = ce[cfg]; cfg++   /* another chain changes */
        :: pos != NONE && cl[cfg] > 1 && HEARD_GAVE(n) -> remove(); cfg++
#endif
        :: pos == NONE && jn[cfg] == NONE && alive[n] -> copy_cfg(); jn[cfg+1] = n; cfg++
        :: pos == NONE && jn[cfg] == n -> copy_cfg(); jn[cfg+1] = NONE; cfg++
        :: pos == NONE && jn[cfg] == n && reported[CE(cfg)] ->
           copy_cfg(); C(cfg+1,cl[cfg]) = n; cl[cfg+1] = cl[cfg] + 1; jn[cfg+1] = NONE; cfg++
        :: else
        fi
     :: alive[n] && crashes < MC && !fresh[n] ->                                   /* crash and restart */
        crashes++; le[n] = 0; com[n] = 0; ne[n] = 0; joint[n] = 0; jgot[n] = 0; gated[n] = 0; reconciled[n] = 0;
        fresh[n] = INCARN; since[n] = cfg;
#ifndef DISK
        k = 0;
#elif defined(NO_BATCH_NAME)
        k = onto[n]; dur[n] = k;
#else
        k = dur[n];
#endif
#ifdef BATCH
        sub[n] = 0;
#ifdef NO_BATCH_NAME
        num[n] = 0;
#endif
#endif
#ifdef CUT
        e = cfg; find_pos();
        if
        :: k > 0 && !damaged && (pos == NONE || cl[cfg] > 1) -> k--; dur[n] = k; cut[n] = 1; damaged = 1
        :: true
        fi;
#endif
        i = k + 1; do :: i <= ln[n] -> E(n,i) = 0; i++ :: else -> break od;
        ln[n] = k
     :: else
     fi;
     d_step { settle() }
     }
  od
}
