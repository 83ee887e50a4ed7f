//! Tests of what crosses crates, and what they share.
//!
//! `tests/federation` lets real devices (SQLite store, ledger on the disk, certificate, native
//! engine) take part over QUIC on the loopback interface; processes are really killed.
//! `tests/egress` reads every byte that leaves a device and everything the aggregator keeps.
//! `tests/privacy_attacks` measures what attackers get out of what is released.
//!
//! # Attacks, and where each is tested
//!
//! | attack | test | crate |
//! |---|---|---|
//! | frame that says it has 2^40 bytes | `length_of_a_tebibyte` | wire |
//! | the same, sent to a server | `hostile::a_frame_of_a_tebibyte` | transport |
//! | bytes after a message, inside and behind the frame | `damaged_messages`; `hostile::bytes_after_a_request` | wire; transport |
//! | another protocol version | `hostile::another_version`; `the_enrolment_protocol_does_not_open_the_main_endpoint` | transport |
//! | slow senders, bodies in drops, crowds | `hostile::a_slow_sender_is_cut_off`, `a_body_in_drops_is_bounded_as_a_whole`; `crowd` | transport |
//! | early data, replayed | `early_data::no_ticket_and_no_early_data` | transport |
//! | expired, foreign, missing, revoked certificate | `certificates` | transport |
//! | a token used twice | `certificates::tokens_work_once`; `enrolment::a_token_enrols_one_device_and_pins_the_owner` | transport; aggregator |
//! | upload of another dimension, width, norm, nonce, round, task | `uploads::bad_uploads_are_refused_and_cost_the_device_nothing` | aggregator |
//! | boosted upload: the sum must not move | `uploads::a_refused_upload_leaves_the_sum_as_it_was` | aggregator |
//! | boosted vectors under masks: their group is left out | `groups::a_group_with_boosted_vectors_is_left_out`; `boosted_devices_end_every_round_of_one_sum_and_cost_groups_only_their_own` | aggregator; simulation |
//! | a group below its own minimum, a group's shares in another | `a_group_below_its_own_minimum_is_left_out_however_many_report_in_all`, `shares_sealed_for_one_group_do_not_open_in_another` | round |
//! | an answer to another query than was asked; a kind that the owner did not sign | `queries::every_kind_has_its_own_terms_and_its_figures_last`; `the_owner_signs_the_terms_of_each_kind` | aggregator; wire |
//! | a kind of charge changed in the ledger; one kind's budget spent on another | `the_kind_of_a_charge_cannot_be_changed`; `a_kind_of_query_that_the_policy_does_not_name_is_refused` | client; round |
//! | upload twice; other content under the same nonce | `uploads::a_duplicate_gets_the_same_receipt_and_counts_once` | aggregator |
//! | upload after the deadline | `uploads::a_late_upload_is_refused_and_a_late_duplicate_is_not` | aggregator |
//! | upload without an invitation, with somebody's nonce | `uploads::a_device_that_was_not_asked_is_not_counted` | aggregator |
//! | NaN, infinity, huge numbers before the door | `any_float_input_obeys_the_exact_bound`, `non_finite_updates_become_zero` | privacy |
//! | model file with NaN, of another length, damaged | `nan_and_wrong_dimensions_are_refused`, `damaged_files_are_refused` | model |
//! | the same, served by an aggregator under a valid signature | `a_model_that_is_not_finite_is_not_trained_on` | client |
//! | weaker terms, replayed round, wrong charge, foreign signature | `tests/hostile_manifest` | round |
//! | changed byte of a manifest, weak key, bare signature | `tests/wire/manifest` | wire |
//! | ledger cut, edited, rolled back, deleted | `ledger::tests` | client |
//! | two aggregators on one folder; a weakened promise | `restart::one_aggregator_per_folder`, `a_folder_keeps_its_promise` | aggregator |
//! | aggregator killed in a round, devices waiting | `federation::restart` | tests |
//! | device killed in a round | `federation::joins` | tests |
//! | a person's words in uploads, check-ins, logs, files | `egress` | tests |
//! | membership inference on released models; words out of a local upload | `membership`; `inversion` | tests |
//! | a poisoner that keeps to the norm | `poisoning` | tests |
//! | less noise than is claimed, or more | `audit::mechanism`, `control_half_of_the_noise_and_none_break_the_claim` | simulation |
//! | canary users in a federation's models | `audit::canaries`, `control_without_noise_breaks_the_claim` | simulation |
//! | data looked at before the noise is drawn | `noise_is_drawn_before_the_data_are_looked_at` | client |
//! | a clock set back | `a_clock_set_back_neither_refunds_nor_repeats`; `a_clock_set_back_wins_no_round_twice` | client; round |
//! | broken gzip, NaN rating, 10 MB line, invalid UTF-8, empty user | `tests/read` | text |
//! | the same in a file to train on; one user; unknown label | `tests/hostile_text` | simulation |
//! | a private value printed, sent, copied; a forged release | `tests/ui` | privacy, round |
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

pub mod device;
pub mod people;
pub mod process;
