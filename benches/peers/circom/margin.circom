pragma circom 2.1.6;
// The margin statement of the standard family over N slots, as in
// margin/src/standard and margin/src/statement/margin.rs: same hash, same domains,
// same packing. Of claims those without dials (no multiplier, no bound on leverage).
include "circomlib/circuits/poseidon.circom";
include "circomlib/circuits/bitify.circom";

// permute([a,b,c,d,capacity])[0]: zk-margin puts the capacity last.
template H(domain) {
    signal input in[4];
    signal output out;
    component p = PoseidonEx(4, 1);
    p.initialState <== in[0];
    p.inputs[0] <== in[1];
    p.inputs[1] <== in[2];
    p.inputs[2] <== in[3];
    p.inputs[3] <== 4 * 18446744073709551616 + domain;
    out <== p.out[0];
}
template OneOf() {
    signal input d;
    signal input c[4];
    signal a <== (d - c[0]) * (d - c[1]);
    signal b <== (d - c[2]) * (d - c[3]);
    a * b === 0;
}
template Membership(leafDomain, nodeDomain, depth) {
    signal input leaf[4];
    signal input path[depth][4];
    signal output root;
    component l = H(leafDomain);
    l.in <== leaf;
    component h[depth];
    component o[depth];
    for (var i = 0; i < depth; i++) {
        o[i] = OneOf();
        o[i].d <== i == 0 ? l.out : h[i - 1].out;
        o[i].c <== path[i];
        h[i] = H(nodeDomain);
        h[i].in <== path[i];
    }
    root <== h[depth - 1].out;
}
template Range(n) { signal input in; component b = Num2Bits(n); b.in <== in; }
template Bit() { signal input in; in * (in - 1) === 0; }

template ScaleUp() {
    signal input amount; signal input rate; signal input denominator;
    signal input quotient; signal input slack;
    component q = Range(80); q.in <== quotient;
    component s = Range(32); s.in <== slack;
    component g = Range(32); g.in <== denominator - slack - 1;
    signal left <== quotient * denominator;
    signal right <== amount * rate;
    left === right + slack;
}

template Slot() {
    signal input padding, short, magnitude_less_sign, cash, instrument, bucket, direction, lower_exclusive;
    signal input mantissa, unit, lower, upper, maintenance_rate, maintenance_fraction, maintenance_base;
    signal input initial_rate, initial_base, above, notional_remainder;
    signal input mq, ms, sq, ss, iq, is;
    signal input path[7][4];
    signal input denominator;
    signal output word, used, equity, maintenance, initial, tree_root;

    component bShort = Bit(); bShort.in <== short;
    component rMag = Range(64); rMag.in <== magnitude_less_sign;
    signal magnitude <== magnitude_less_sign + short;
    signal sign <== 1 - 2 * short;
    signal quantity <== sign * magnitude;
    signal shifted <== quantity + 9223372036854775808;
    component rShift = Range(64); rShift.in <== shifted;
    component rCash = Range(80); rCash.in <== cash;
    signal realCash <== cash - 604462909807314587353088;
    component rIns = Range(64); rIns.in <== instrument;
    component rBuc = Range(16); rBuc.in <== bucket;
    component bPad = Bit(); bPad.in <== padding;
    padding * magnitude === 0;
    padding * realCash === 0;
    used <== 1 - padding;
    word <== used * (instrument + bucket * (1 << 64) + shifted * (1 << 80) + cash * (1 << 144) + (1 << 224));

    component rDir = Range(8); rDir.in <== direction;
    (direction - short) * (direction - 2) === 0;
    component bLow = Bit(); bLow.in <== lower_exclusive;
    component r0 = Range(64); r0.in <== mantissa;
    component r1 = Range(64); r1.in <== unit;
    component r2 = Range(32); r2.in <== maintenance_rate;
    component r3 = Range(80); r3.in <== lower;
    component r4 = Range(80); r4.in <== upper;
    component r5 = Range(32); r5.in <== maintenance_fraction;
    component r6 = Range(32); r6.in <== initial_rate;
    component r7 = Range(80); r7.in <== maintenance_base;
    component r8 = Range(80); r8.in <== initial_base;
    component m = Membership(1, 2, 7);
    m.leaf[0] <== instrument + direction * (1 << 64) + lower_exclusive * (1 << 72) + mantissa * (1 << 80) + unit * (1 << 144) + maintenance_rate * (1 << 208);
    m.leaf[1] <== lower + upper * (1 << 80) + maintenance_fraction * (1 << 160) + initial_rate * (1 << 192);
    m.leaf[2] <== maintenance_base;
    m.leaf[3] <== initial_base;
    m.path <== path;
    tree_root <== m.root;

    component ra = Range(80); ra.in <== above;
    signal excess <== above + lower_exclusive;
    signal notional <== excess + lower;
    component rb = Range(80); rb.in <== upper - notional;
    component rr = Range(64); rr.in <== notional_remainder;
    component rg = Range(64); rg.in <== unit - notional_remainder - 1;
    signal scaled <== notional * unit;
    signal product <== magnitude * mantissa;
    scaled + notional_remainder === product;

    component s1 = ScaleUp(); s1.amount <== excess; s1.rate <== maintenance_rate; s1.denominator <== denominator; s1.quotient <== mq; s1.slack <== ms;
    component s2 = ScaleUp(); s2.amount <== mq; s2.rate <== maintenance_fraction; s2.denominator <== denominator; s2.quotient <== sq; s2.slack <== ss;
    component s3 = ScaleUp(); s3.amount <== excess; s3.rate <== initial_rate; s3.denominator <== denominator; s3.quotient <== iq; s3.slack <== is;
    signal sn <== sign * notional;
    equity <== sn + realCash;
    signal ub <== used * maintenance_base;
    maintenance <== ub + sq;
    signal ui <== used * initial_base;
    initial <== ui + iq;
}

template Margin(N) {
    // public
    signal input context, epoch, account, state_root, market_root, model, claim, disclosed;
    // private
    signal input timestamp, denominator, blinding, reserved;
    signal input is_maintenance, is_initial, is_below;
    signal input account_path[12][4];
    signal input padding[N], new_bucket[N], short[N], magnitude_less_sign[N], cash[N], instrument[N], bucket[N], direction[N], lower_exclusive[N];
    signal input mantissa[N], unit[N], lower[N], upper[N], maintenance_rate[N], maintenance_fraction[N], maintenance_base[N];
    signal input initial_rate[N], initial_base[N], above[N], notional_remainder[N];
    signal input mq[N], ms[N], sq[N], ss[N], iq[N], is[N], positive[N];
    signal input path[N][7][4];

    component rE = Range(64); rE.in <== epoch;
    component rT = Range(64); rT.in <== timestamp;
    component rD = Range(32); rD.in <== denominator;
    component rR = Range(80); rR.in <== reserved;
    component b1 = Bit(); b1.in <== is_maintenance;
    component b2 = Bit(); b2.in <== is_initial;
    component b3 = Bit(); b3.in <== is_below;
    is_maintenance * is_initial === 0;
    claim === is_maintenance + 2 * is_initial + 1 + 4 * is_below;

    // What is reserved counts as initial margin of the cross bucket, which is first.
    signal open_orders <== is_initial * reserved;
    reserved * bucket[0] === 0;

    component slot[N];
    signal req1[N], req2[N], deficit[N], sum[N], absd[N], gap[N], short_acc[N + 1], carried[N], cmp[N], ii[N];
    component bn[N], bp[N], rbs[N], rins[N], rabs[N];
    short_acc[0] <== 0;
    for (var i = 0; i < N; i++) {
        slot[i] = Slot();
        slot[i].padding <== padding[i]; slot[i].short <== short[i]; slot[i].magnitude_less_sign <== magnitude_less_sign[i];
        slot[i].cash <== cash[i]; slot[i].instrument <== instrument[i]; slot[i].bucket <== bucket[i]; slot[i].direction <== direction[i];
        slot[i].lower_exclusive <== lower_exclusive[i]; slot[i].mantissa <== mantissa[i]; slot[i].unit <== unit[i]; slot[i].lower <== lower[i];
        slot[i].upper <== upper[i]; slot[i].maintenance_rate <== maintenance_rate[i]; slot[i].maintenance_fraction <== maintenance_fraction[i];
        slot[i].maintenance_base <== maintenance_base[i]; slot[i].initial_rate <== initial_rate[i]; slot[i].initial_base <== initial_base[i];
        slot[i].above <== above[i]; slot[i].notional_remainder <== notional_remainder[i];
        slot[i].mq <== mq[i]; slot[i].ms <== ms[i]; slot[i].sq <== sq[i]; slot[i].ss <== ss[i]; slot[i].iq <== iq[i]; slot[i].is <== is[i];
        slot[i].path <== path[i]; slot[i].denominator <== denominator;

        req1[i] <== is_maintenance * slot[i].maintenance;
        req2[i] <== is_initial * slot[i].initial;
        deficit[i] <== req1[i] + req2[i] + (i == 0 ? open_orders : 0) - slot[i].equity;
        bn[i] = Bit(); bn[i].in <== new_bucket[i];
        if (i == 0) {
            carried[0] <== 0; ii[0] <== 0; cmp[0] <== 0;
            new_bucket[0] === 0;
        } else {
            padding[i - 1] * slot[i].used === 0;
            (1 - new_bucket[i]) * (bucket[i] - bucket[i - 1]) === 0;
            rbs[i] = Range(16); rbs[i].in <== bucket[i] - bucket[i - 1] - new_bucket[i];
            cmp[i] <== slot[i].used * (1 - new_bucket[i]);
            ii[i] <== cmp[i] * (instrument[i] - instrument[i - 1] - 1);
            rins[i] = Range(64); rins[i].in <== ii[i];
            carried[i] <== (1 - new_bucket[i]) * sum[i - 1];
            short_acc[i] <== short_acc[i - 1] + new_bucket[i] * gap[i - 1];
        }
        sum[i] <== deficit[i] + carried[i];
        bp[i] = Bit(); bp[i].in <== positive[i];
        absd[i] <== (2 * positive[i] - 1) * sum[i];
        rabs[i] = Range(96); rabs[i].in <== absd[i];
        gap[i] <== positive[i] * sum[i];
        if (i > 0) { slot[i].tree_root === slot[0].tree_root; }
    }
    signal shortfall <== short_acc[N - 1] + gap[N - 1];
    (1 - is_below) * shortfall === 0;
    signal exc <== is_below * (shortfall - 1);
    component rS = Range(104); rS.in <== exc;
    disclosed * (disclosed - shortfall) === 0;

    component hdr = H(3);
    hdr.in[0] <== slot[0].tree_root; hdr.in[1] <== model; hdr.in[2] <== epoch + timestamp * (1 << 64) + denominator * (1 << 128); hdr.in[3] <== 0;
    hdr.out === market_root;

    component link[N / 2];
    signal chain[N / 2 + 1];
    chain[0] <== reserved;
    for (var i = 0; i < N / 2; i++) {
        link[i] = H(6);
        link[i].in[0] <== chain[i]; link[i].in[1] <== slot[2 * i].word; link[i].in[2] <== slot[2 * i + 1].word; link[i].in[3] <== 0;
        chain[i + 1] <== chain[i] + slot[2 * i].used * (link[i].out - chain[i]);
    }
    component open = H(7);
    open.in[0] <== chain[N / 2]; open.in[1] <== blinding; open.in[2] <== 0; open.in[3] <== 0;
    component am = Membership(4, 5, 12);
    am.leaf[0] <== account; am.leaf[1] <== open.out; am.leaf[2] <== context; am.leaf[3] <== 0;
    am.path <== account_path;
    am.root === state_root;
}
