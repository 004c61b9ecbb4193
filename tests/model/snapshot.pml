/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A joiner that lacks what its tail's log no longer holds: a snapshot in pieces meets live entries.
 *
 * One tail, one joiner, a network that loses, repeats and reorders. The tail frees committed
 * entries whenever it likes. Its chain may change, and may restart after all of it went down, when
 * it keeps what was committed, may lose what was not, and may have forgotten how far it had
 * committed. An entry is known by its number and the epoch it was created in. The state of a
 * service is the entries applied to it, in two pieces (odd and even numbers), as a snapshot sends
 * them; nothing can be taken back out of it.
 *
 * Always: the joiner's state is exactly the committed entries up to some number, each once. Once it
 * was reported as caught up: it has all that is committed, until it or the chain changes.
 */
#ifndef MS
#define MS 2 /* highest number of an entry */
#endif
#ifndef ME
#define ME 2 /* chain epochs */
#endif
#ifndef MC
#define MC 1 /* restarts of the joiner, memory gone */
#endif

#define F(e,s)   fwd[(e)*(MS+1)+(s)]
#define P(e,k,p) piece[((e)*(MS+1)+(k))*2+(p)]

/* the tail */
byte ep = 1;               /* its chain epoch */
byte tent[MS+1];           /* creation epochs of its entries; of freed ones, from the epoch history */
byte tl, tc, low;          /* last entry, commit number, all up to here is freed */
byte tack;                 /* 1 + what the joiner acknowledged in this epoch */
byte snap;                 /* number of the snapshot it is sending; 0: none */
bit  joint, reported;

/* the joiner */
byte je;                   /* its chain epoch; 0: none since it started */
bit  agreed;               /* on the common prefix, in this epoch */
byte jent[MS+1];           /* creation epochs of its entries */
byte jl, ja;               /* last entry, applied up to here */
byte js[MS+1];             /* its state: the entry (creation epoch) that was applied at a number */
byte side[MS+1];           /* live entries that wait beside the log */
byte jsnap;                /* snapshot that it has pieces of */
byte jp[2];                /* 1 + the number up to which a piece holds entries */
byte since, crashes;       /* a new incarnation joins only in an epoch after it started */
#ifdef NO_WHOLE
bit  early;
#endif

/* what was sent and may arrive at any later time */
byte fwd[(ME+1)*(MS+1)];   /* FORWARD in an epoch: creation epoch, 0 = never */
byte piece[(ME+1)*(MS+1)*2];
byte ack[ME+1];            /* 1 + highest acknowledged in an epoch */
byte told[ME+1];           /* highest commit number sent in an epoch */

byte gep[MS+1];            /* ghost: what was committed under a number, */
byte done;                 /* and up to where */
byte s, k, p, m;

#ifdef NO_AGREED
#define AGREED true
#else
#define AGREED agreed
#endif
#ifdef NO_FROZEN
#define CONTENT tc
#else
#define CONTENT snap
#endif
#ifdef NO_COMMITTED
#define SNAP_NUMBER tl
#else
#define SNAP_NUMBER tc
#endif

/* do both have the same entry there? */
#ifdef NO_HISTORY
#define SAME(s) ((s) <= low || jent[s] == tent[s])
#else
#define SAME(s) (jent[s] == tent[s])
#endif

inline next_ones() { /* what waits beside the log and follows without a gap is appended */
  s = jl + 1;
  do
  :: s <= MS && side[s] != 0 ->
     jent[s] = side[s]; side[s] = 0; jl = s; s++
#ifdef NO_NEXT
  :: s <= MS && side[s] == 0 && jl > 0 -> s++
#endif
  :: else -> break
  od
}
inline install() { /* the snapshot jsnap is whole; what is committed is the same at every tail */
  s = 1;
  do
  :: s <= MS && (s < jp[s % 2] || s <= jsnap) ->
     if :: s < jp[s % 2] -> js[s] = tent[s]; jent[s] = tent[s] :: else fi; s++
  :: else -> break
  od;
  jl = jsnap; ja = jsnap;
#ifdef NO_DROP
  s = 1; do :: s <= jsnap -> if :: side[s] != 0 -> assert(js[s] == 0) :: else fi; side[s] = 0; s++ :: else -> break od;
#else
  s = 1; do :: s <= jsnap -> side[s] = 0; s++ :: else -> break od;
#endif
  s = jsnap + 1; do :: s <= MS -> jent[s] = 0; s++ :: else -> break od;
  jsnap = 0; jp[0] = 0; jp[1] = 0;
  next_ones()
}
inline settle() { /* what is sent as early as it may */
  s = low + 1; do :: s <= tl -> F(ep,s) = tent[s]; s++ :: else -> break od;
  told[ep] = tc;
  if
  :: je != 0 && agreed ->
     k = jl + 1;
#ifdef NO_WHOLE
     if :: early && jsnap + 1 > k -> k = jsnap + 1 :: else fi;
#endif
     if :: k > ack[je] -> ack[je] = k :: else fi
  :: else
  fi;
  /* nobody looks at these again */
  s = 1;
  do
  :: s <= MS ->
     k = 1; do :: k < je || k <= since -> P(k,s,0) = 0; P(k,s,1) = 0; F(k,s) = 0; k++ :: else -> break od;
     if :: s <= jl && agreed -> F(je,s) = 0 :: else fi; s++
  :: else -> break
  od;
  k = 1; do :: k < ep -> ack[k] = 0; if :: k < je || k <= since -> told[k] = 0 :: else fi; k++ :: else -> break od;
  s = 1;
  do
  :: s <= MS ->
     assert(s > ja || js[s] == gep[s]);
     assert(s <= ja || js[s] == 0);
     if :: reported && je == ep && s <= tc -> assert((s <= ja && js[s] == gep[s]) || (s > ja && s <= jl && jent[s] == gep[s])) :: else fi; s++
  :: else -> break
  od;
  s = 0; k = 0; p = 0; m = 0
}
inline new_epoch() {
  ep++; joint = 0; reported = 0; tack = 0; snap = 0
}

init {
  d_step { settle() };
  do
  :: atomic {
     if
     /* the tail */
     :: tl < MS -> tl++; tent[tl] = ep
     :: tc < tl && (!joint || tack > tc + 1) ->
        tc++; assert(gep[tc] == 0 || gep[tc] == tent[tc]); gep[tc] = tent[tc];
        if :: done < tc -> done = tc :: else fi
     :: low < tc -> low++
     :: snap == 0 && SNAP_NUMBER > 0 -> snap = SNAP_NUMBER
     :: snap != 0 && P(ep,snap,0) == 0 -> P(ep,snap,0) = CONTENT + 1
     :: snap != 0 && P(ep,snap,1) == 0 -> P(ep,snap,1) = CONTENT + 1
     :: snap != 0 && snap < SNAP_NUMBER -> snap = SNAP_NUMBER                /* begin a new one */
     :: tack < ack[ep] -> tack = ack[ep]
     :: !joint && je == ep -> joint = 1
     :: joint && !reported && tack > tc -> reported = 1
     :: ep < ME -> new_epoch()
     :: ep < ME -> new_epoch();                              /* all went down, and it restarts */
        k = done; do :: k < tl -> k++ :: break od;
        s = k + 1; do :: s <= tl -> tent[s] = 0; s++ :: else -> break od; tl = k;
        do :: tc > low -> tc-- :: break od
     /* the joiner */
     :: je < ep && ep > since ->
        je = ep; agreed = 0; jsnap = 0; jp[0] = 0; jp[1] = 0;
#ifdef NO_WHOLE
        early = 0;
#endif
        s = 1; do :: s <= MS -> side[s] = 0; s++ :: else -> break od
     :: je == ep && !agreed ->                               /* the longest common prefix */
        k = 0;
        do
        :: k < jl && k < tl && SAME(k+1) -> k++
        :: else -> break
        od;
        assert(k >= ja);                                     /* nothing that was applied goes away */
        s = k + 1; do :: s <= jl -> jent[s] = 0; s++ :: else -> break od; jl = k; agreed = 1
     :: agreed && je != 0 ->                                 /* receive a FORWARD */
        s = jl + 1; do :: s < MS -> s++ :: break od;
        if
        :: s <= MS && F(je,s) != 0 && side[s] == 0 -> side[s] = F(je,s); next_ones()
        :: else
        fi
     :: agreed && je != 0 ->                                 /* receive a piece */
        k = 1; do :: k < MS -> k++ :: break od;
        if :: p = 0 :: p = 1 fi;
        if
        :: P(je,k,p) != 0 && k > jl && k >= jsnap ->
#ifndef NO_SNAP_NAME
           if :: k != jsnap -> jp[0] = 0; jp[1] = 0 :: else fi;
#endif
           jsnap = k; jp[p] = P(je,k,p);
#ifdef NO_WHOLE
           early = 1;
#endif
           if :: jp[0] != 0 && jp[1] != 0 -> install() :: else fi
        :: else
        fi
     :: AGREED && ja < jl && ja < told[je] && jent[ja+1] != 0 ->       /* it hears what is committed, and applies */
        ja++; assert(js[ja] == 0); js[ja] = jent[ja]
     :: crashes < MC && je != 0 ->
        crashes++; since = ep; je = 0; agreed = 0; jl = 0; ja = 0; jsnap = 0; jp[0] = 0; jp[1] = 0;
        s = 1; do :: s <= MS -> jent[s] = 0; js[s] = 0; side[s] = 0; s++ :: else -> break od
     :: else
     fi;
     d_step { settle() }
     }
  od
}
